// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_voice/probe_voice.hpp"

#include <utility>

#include "plugins/probe_voice/voice_figures.hpp"

namespace cxedge::plugins {
namespace {

// RFC 3551, 4.2: 20 ms is the default of G.711; 8,000 bytes a second, and 12 of RTP (RFC
// 3550, 5.1).
constexpr std::chrono::milliseconds kVoiceSpacing{20};
constexpr std::size_t kVoicePayload = 172;
constexpr double kMsInSecond = 1e3;

Schema<ProbeVoiceSettings> make_voice_schema() {
    using S = ProbeVoiceSettings;
    Schema<S> schema;
    probes::add_stamp_keys(schema);
    schema.duration("duration_s", &S::duration, "How long a call is played").range(1, 300);
    schema.text("codec", &S::codec, "Whose voice is judged: g711, g711_no_plc or g729a")
        .one_of(voice_codec_names());
    schema
        .duration(
            "jitter_buffer_ms",
            &S::jitter_buffer,
            "Packets later than the earliest by more are lost"
        )
        .range(0, 1'000);
    schema.duration("terminal_delay_ms", &S::terminal_delay, "What telephones add to the delay")
        .range(0, 1'000);
    return schema;
}

const Schema<ProbeVoiceSettings>& voice_schema() {
    static const Schema<ProbeVoiceSettings> kSchema = make_voice_schema();
    return kSchema;
}

VoiceRules rules_of(const ProbeVoiceSettings& settings) {
    return {
        voice_codec(settings.codec),
        static_cast<double>(settings.jitter_buffer.count()) / kMsInSecond,
        static_cast<double>(settings.terminal_delay.count()) / kMsInSecond,
        settings.owd_max_error_ms};
}

}  // namespace

ProbeVoice::ProbeVoice(probes::KernelClockReader own_clock) : own_clock_(std::move(own_clock)) {}

std::vector<SettingHelp> ProbeVoice::settings_help() {
    return voice_schema().help();
}

void ProbeVoice::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = voice_schema().read(settings, problems);
    check_probe_settings(settings_, settings, probes::check_stamp_address, problems);
    check_stamp_timeout(settings_, settings_.duration, settings, problems);
}

Status ProbeVoice::open(const probes::ProbeContext& /*context*/) {
    Result<std::string> key = probes::stamp_key(settings_);
    if (!key) {
        return key.error();
    }
    key_ = std::move(key).value();
    return {};
}

std::unique_ptr<probes::ProbeRun> ProbeVoice::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    probes::StampPlan plan = probes::stamp_plan(settings_, key_);
    plan.times = probes::stamp_times(
        static_cast<std::size_t>(settings_.duration / kVoiceSpacing), kVoiceSpacing, 0
    );
    plan.payload_bytes = kVoicePayload;
    const auto judge = [own_clock = own_clock_,
                        rules = rules_of(settings_)](const probes::StampOutcome& outcome) {
        return voice_figures(outcome, own_clock(), rules);
    };
    return std::make_unique<probes::StampRun>(
        context, std::move(plan), own_clock_, target.address, judge
    );
}

}  // namespace cxedge::plugins
