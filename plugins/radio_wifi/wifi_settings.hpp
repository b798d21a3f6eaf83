// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plugins/_probes/coverage.hpp"
#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct WifiSettings : probes::ProbeSettings, probes::CoverageSettings {
    WifiSettings() {
        targets = {"auto"};
        interval = std::chrono::seconds(30);
        timeout = std::chrono::seconds(2);
    }
    double rssi_min_dbm = -75;
    std::string bss_salt;  // empty: nothing is told of the access point
};

std::vector<SettingHelp> wifi_settings_help();
WifiSettings read_wifi_settings(const SettingsNode& node, SettingsProblems& problems);

}  // namespace cxedge::plugins
