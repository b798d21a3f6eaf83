// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct WebSettings : probes::ProbeSettings {
    WebSettings() {
        interval = std::chrono::milliseconds(300'000);
        timeout = std::chrono::milliseconds(30'000);
    }

    std::string expect_body;
    std::vector<std::string> resources;
    std::int64_t parallel = 6;  // connections of a browser to a host (HTTP/1.1)
    std::int64_t max_resources = 60;
    std::int64_t max_page_kib = 10'240;
    std::int64_t max_failed = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string ca_file;
    bool tls_verify = true;
};

WebSettings read_web_settings(const SettingsNode& node, SettingsProblems& problems);
std::vector<SettingHelp> web_settings_help();

}  // namespace cxedge::plugins
