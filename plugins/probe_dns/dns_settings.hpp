// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct DnsSettings : probes::ProbeSettings {
    // A name that is reserved for examples and always there (RFC 2606).
    std::vector<std::string> queries{"example.com"};
    std::string qtype = "A";
    std::string transport = "udp";
    std::int64_t tries = 1;
    std::vector<std::string> rcodes{"NOERROR"};
    std::vector<std::string> expect;
    bool hijack_check = false;
    std::string hijack_zone;
    bool random_case = true;
    bool recursion = true;
    bool edns = true;
    std::string ca_file;
    std::string tls_name;
};

Schema<DnsSettings> dns_schema();
// What a schema cannot see.
void check_dns_settings(
    const DnsSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::plugins
