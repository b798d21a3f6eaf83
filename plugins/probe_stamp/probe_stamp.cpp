// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_stamp/probe_stamp.hpp"

#include <cmath>
#include <utility>

#include "plugins/probe_stamp/stamp_figures.hpp"

namespace cxedge::plugins {
namespace {

Schema<ProbeStampSettings> make_stamp_schema() {
    using S = ProbeStampSettings;
    Schema<S> schema;
    probes::add_stamp_keys(schema);
    schema.integer("count", &S::count, "Packets of a run").range(1, 10'000);
    schema.duration("spacing_ms", &S::spacing, "Between two packets, on average").range(1, 60'000);
    schema.number("spacing_random", &S::spacing_random, "Gaps differ from it by up to this share")
        .range(0, 1);
    schema
        .integer(
            "payload_bytes", &S::payload_bytes, "Of UDP; 0: as few as can be, 44 or 112 signed"
        )
        .range(0, static_cast<double>(probes::kStampLongestBytes));
    return schema;
}

const Schema<ProbeStampSettings>& stamp_schema() {
    static const Schema<ProbeStampSettings> kSchema = make_stamp_schema();
    return kSchema;
}

std::chrono::milliseconds longest_sending(const ProbeStampSettings& settings) {
    const auto gaps = static_cast<double>((settings.count - 1) * settings.spacing.count());
    return std::chrono::milliseconds(std::llround(gaps * (1 + settings.spacing_random)));
}

}  // namespace

ProbeStamp::ProbeStamp(probes::KernelClockReader own_clock) : own_clock_(std::move(own_clock)) {}

std::vector<SettingHelp> ProbeStamp::settings_help() {
    return stamp_schema().help();
}

void ProbeStamp::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = stamp_schema().read(settings, problems);
    check_probe_settings(settings_, settings, probes::check_stamp_address, problems);
    check_stamp_timeout(settings_, longest_sending(settings_), settings, problems);
}

Status ProbeStamp::open(const probes::ProbeContext& /*context*/) {
    Result<std::string> key = probes::stamp_key(settings_);
    if (!key) {
        return key.error();
    }
    key_ = std::move(key).value();
    return {};
}

std::unique_ptr<probes::ProbeRun> ProbeStamp::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    probes::StampPlan plan = probes::stamp_plan(settings_, key_);
    plan.times = probes::stamp_times(
        static_cast<std::size_t>(settings_.count), settings_.spacing, settings_.spacing_random
    );
    plan.payload_bytes = static_cast<std::size_t>(settings_.payload_bytes);
    const auto judge = [own_clock = own_clock_,
                        bound = settings_.owd_max_error_ms](const probes::StampOutcome& outcome) {
        return stamp_figures(outcome, own_clock(), bound);
    };
    return std::make_unique<probes::StampRun>(
        context, std::move(plan), own_clock_, target.address, judge
    );
}

}  // namespace cxedge::plugins
