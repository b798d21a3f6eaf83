// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_voice/e_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace cxedge::plugins {
namespace {

// G.113 Appendix I, tables I.1 (Ie) and I.4 (Bpl, random loss); G.729A with VAD.
constexpr std::array<VoiceCodec, 3> kCodecs{
    {{"g711", 0, 25.1}, {"g711_no_plc", 0, 4.3}, {"g729a", 11, 19.0}}};

// G.107, table 2: the defaults.
constexpr double kTelr = 65;   // talker echo loudness rating, dB
constexpr double kWepl = 110;  // weighted echo path loss, dB
constexpr double kRlr = 2;     // receive loudness rating, dB
// Circuit noise of all sources together, which the formulas of G.107, 7.2 make of the defaults.
constexpr double kNo = -61.18;
constexpr double kRoe = -1.5 * (kNo - kRlr);
// The smallest delay that is heard, and how steeply delay is minded (7-29): the defaults.
constexpr double kMinimalDelay = 100;
constexpr double kSharpness = 6;

// Talker echo (7-21 to 7-25).
double talker_echo(double t) {
    if (t < 1) {
        return 0;  // that is side tone
    }
    const double terv =
        kTelr - 40 * std::log10((1 + t / 10) / (1 + t / 150)) + 6 * std::exp(-0.3 * t * t);
    const double half = (kRoe - (80 + 2.5 * (terv - 14))) / 2;
    const double idte = (half + std::sqrt(half * half + 100) - 1) * (1 - std::exp(-t));
    return std::max(0.0, idte);
}

// Listener echo (7-26, 7-27).
double listener_echo(double round_trip) {
    const double rle = 10.5 * (kWepl + 7) * std::pow(round_trip + 1, -0.25);
    const double half = (kRoe - rle) / 2;
    return half + std::sqrt(half * half + 169);
}

// Delay as such (7-28, 7-29).
double absolute_delay(double ta) {
    if (ta <= kMinimalDelay) {
        return 0;
    }
    const double x = std::log2(ta / kMinimalDelay);
    const auto root = [](double value) {
        return std::pow(1 + std::pow(value, kSharpness), 1 / kSharpness);
    };
    return 25 * (root(x) - 3 * root(x / 3) + 2);
}

}  // namespace

const VoiceCodec& voice_codec(std::string_view name) {
    const auto* const found = std::find_if(
        kCodecs.begin(), kCodecs.end(), [&](const VoiceCodec& each) { return each.name == name; }
    );
    return found == kCodecs.end() ? kCodecs.front() : *found;
}

const std::vector<std::string>& voice_codec_names() {
    static const std::vector<std::string> kNames = [] {
        std::vector<std::string> names;
        names.reserve(kCodecs.size());
        for (const VoiceCodec& codec : kCodecs) {
            names.emplace_back(codec.name);
        }
        return names;
    }();
    return kNames;
}

double delay_impairment(double one_way_ms) {
    const double t = std::max(0.0, one_way_ms);
    return talker_echo(t) + (listener_echo(2 * t) - listener_echo(0)) + absolute_delay(t);
}

double equipment_impairment(const VoiceCodec& codec, double loss, double burst_ratio) {
    const double ppl = 100 * std::clamp(loss, 0.0, 1.0);
    return codec.ie + (95 - codec.ie) * ppl / (ppl / burst_ratio + codec.bpl);
}

double e_model_r(const VoiceCodec& codec, double one_way_ms, double loss, double burst_ratio) {
    return kBestR - delay_impairment(one_way_ms) - equipment_impairment(codec, loss, burst_ratio);
}

double mos_of_r(double r) {
    if (r <= 0) {
        return 1;
    }
    if (r >= 100) {
        return 4.5;
    }
    // Just above 0 the polynomial dips below what a score can be.
    return std::clamp(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0, 4.5);
}

}  // namespace cxedge::plugins
