// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "plugins/_probes/coverage.hpp"
#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct CellSettings : probes::ProbeSettings, probes::CoverageSettings {
    CellSettings() {
        targets = {"auto"};
        interval = std::chrono::seconds(30);
    }
    std::string bus = "system";
    std::chrono::milliseconds signal_rate{10'000};
    double rsrp_min_dbm = -115;  // LTE, NR
    double rssi_min_dbm = -95;   // GSM, UMTS
    bool operator_dim = false;
    bool cell_id = false;
};

std::vector<SettingHelp> cell_settings_help();
CellSettings read_cell_settings(const SettingsNode& node, SettingsProblems& problems);

}  // namespace cxedge::plugins
