// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/_devices/http_client.hpp"

namespace cxedge::plugins {

// One exporter: `[[source.target]]`, or the source itself if it scrapes only one.
struct ScrapeTarget : devices::HttpAccess {
    std::string url;
    std::string device;
    std::chrono::milliseconds interval{15'000};

    // Dimension `device` of its series: `device`, or its host and port.
    [[nodiscard]] std::string name() const;
};

// Which samples count, and as what.
struct ScrapeRules {
    std::vector<std::string> match{"*"};
    std::vector<std::string> drop;
    std::vector<std::pair<std::string, std::string>> rename;
    std::string prefix;
    std::vector<std::pair<std::string, std::string>> dims;
    bool timestamps = true;
    std::int64_t max_series = 2'000;
};

struct ScrapeSettings : ScrapeTarget, ScrapeRules {
    std::vector<ScrapeTarget> targets;
};

// Reads them, with what a target leaves out taken from the source; `targets` is never empty.
ScrapeSettings read_scrape_settings(const SettingsNode& settings, SettingsProblems& problems);
std::vector<SettingHelp> scrape_settings_help();

}  // namespace cxedge::plugins
