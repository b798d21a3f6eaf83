// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct HttpSettings : probes::ProbeSettings {
    HttpSettings() { timeout = std::chrono::milliseconds(10'000); }

    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::vector<std::string> expect_status{"2xx"};
    std::string expect_body;
    std::string expect_sha256;
    std::int64_t redirects = 5;
    std::string ca_file;
    bool tls_verify = true;
    std::int64_t max_body_kib = 1'024;
};

HttpSettings read_http_settings(const SettingsNode& node, SettingsProblems& problems);
std::vector<SettingHelp> http_settings_help();

// "2xx" of 204.
std::string class_of_status(long status);
// Whether one of `expected` ("2xx", "301") is met.
bool fits_status(long status, const std::vector<std::string>& expected);

}  // namespace cxedge::plugins
