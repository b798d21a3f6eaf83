// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/radio_cell/cell_figures.hpp"
#include "plugins/radio_cell/cell_settings.hpp"

namespace cxedge::plugins {

// Signal, technology and registration of cellular modems, as ModemManager tells them. Sends
// nothing.
class RadioCell : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    CellSettings settings_;
    std::map<std::string, CellBook> books_;  // by target
};

}  // namespace cxedge::plugins
