// SPDX-License-Identifier: Apache-2.0
#include "plugins/clock/clock.hpp"

#include <utility>

#include "plugins/clock/clock_run.hpp"

namespace cxedge::plugins {
namespace {

Schema<ClockSettings> make_clock_schema() {
    Schema<ClockSettings> schema;
    probes::add_probe_keys(schema);
    schema.text(
        "chronyc", &ClockSettings::chronyc, "Program to ask chronyd with; empty: the kernel only"
    );
    return schema;
}

const Schema<ClockSettings>& clock_schema() {
    static const Schema<ClockSettings> kSchema = make_clock_schema();
    return kSchema;
}

}  // namespace

ClockProbe::ClockProbe(ClockSystem system) : system_(std::move(system)) {}

std::vector<SettingHelp> ClockProbe::settings_help() {
    return clock_schema().help();
}

void ClockProbe::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = clock_schema().read(settings, problems);
    probes::check_probe_settings(settings_, settings, {}, problems);
    if (settings_.targets.size() > 1 || !settings_.targets_file.empty()) {
        const char* const key = settings_.targets_file.empty() ? "targets" : "targets_file";
        const SettingsNode* const at = settings.find(key);
        problems.add(
            at != nullptr ? at->position : settings.position, key, "the box has only one clock"
        );
    }
}

std::unique_ptr<probes::ProbeRun> ClockProbe::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    static_cast<void>(target);
    return std::make_unique<ClockRun>(system_, settings_.chronyc, context);
}

}  // namespace cxedge::plugins
