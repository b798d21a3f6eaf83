// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/variant_choice.hpp"

namespace cxedge::plugins::video {
namespace {

constexpr std::size_t kSegmentsRemembered = 3;
// Segments differ in size: a track that needs all of the line would stall at the next large one.
constexpr double kUsableShare = 0.8;

}  // namespace

VariantRule variant_rule_of(std::string_view setting) {
    if (setting == "lowest") {
        return VariantRule::lowest;
    }
    return setting == "highest" ? VariantRule::highest : VariantRule::adaptive;
}

void RateEstimate::add(std::uint64_t bytes, double seconds) {
    if (seconds <= 0) {
        return;
    }
    latest_.push_back({static_cast<double>(bytes) * 8, seconds});
    if (latest_.size() > kSegmentsRemembered) {
        latest_.pop_front();
    }
}

std::optional<double> RateEstimate::bits_per_s() const {
    Came all;
    for (const Came& each : latest_) {
        all.bits += each.bits;
        all.seconds += each.seconds;
    }
    return all.seconds > 0 ? std::optional(all.bits / all.seconds) : std::nullopt;
}

std::size_t choose_track(
    const std::vector<Track>& tracks, VariantRule rule, std::optional<double> bits_per_s
) {
    if (rule == VariantRule::highest) {
        return tracks.size() - 1;
    }
    std::size_t best = 0;
    if (rule == VariantRule::adaptive && bits_per_s) {
        const double usable = *bits_per_s * kUsableShare;
        while (best + 1 < tracks.size() && static_cast<double>(tracks[best + 1].bandwidth) <= usable
        ) {
            ++best;
        }
    }
    return best;
}

}  // namespace cxedge::plugins::video
