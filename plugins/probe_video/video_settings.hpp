// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct VideoSettings : probes::ProbeSettings {
    VideoSettings() {
        interval = std::chrono::hours(1);
        timeout = std::chrono::seconds(90);
    }

    std::string variant = "adaptive";
    std::chrono::milliseconds watch{30'000};
    std::chrono::milliseconds buffer{2'000};
    std::chrono::milliseconds ahead{30'000};
    std::int64_t max_segment_mib = 32;
    std::string ca_file;
    bool tls_verify = true;
};

VideoSettings read_video_settings(const SettingsNode& node, SettingsProblems& problems);
std::vector<SettingHelp> video_settings_help();

}  // namespace cxedge::plugins
