// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/clock/clock_system.hpp"

namespace cxedge::plugins {

struct ClockSettings : probes::ProbeSettings {
    ClockSettings() { targets = {"local"}; }
    std::string chronyc = "chronyc";
};

// How far the box's clock may be off: what one-way delays and windows of time are worth.
class ClockProbe final : public probes::ProbeSource {
public:
    explicit ClockProbe(ClockSystem system = real_clock_system());
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    // The target is a name for the clock; there is only one.
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    ClockSystem system_;
    ClockSettings settings_;
};

}  // namespace cxedge::plugins
