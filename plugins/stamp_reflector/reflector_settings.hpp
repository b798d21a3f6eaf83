// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/socket_address.hpp"
#include "agent/plugin_api/source.hpp"

#include "plugins/stamp_reflector/reflector_gate.hpp"

namespace cxedge::plugins {

struct ReflectorSettings {
    std::vector<std::string> listen{"0.0.0.0:862"};
    std::string interface;
    // Private, shared and link-local networks: RFC 1918, 6598, 3927, 4193, 4291.
    std::vector<std::string> allow{
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "::1",
        "fc00::/7",
        "fe80::/10"};
    std::string key_file;
    bool stateful = true;
    std::int64_t max_sessions = 1'000;
    std::chrono::milliseconds idle{120'000};
    double packets_per_s = 250;  // of one address: four voice tests
    double packets_per_s_all = 5'000;
};

const Schema<ReflectorSettings>& reflector_schema();

// "127.0.0.1:862", "[::1]:862", port 0: any free one. Nothing: neither.
std::optional<SocketAddress> parse_listen(const std::string& text);
// Adds what is wrong with its texts.
std::vector<Network> read_networks(
    const ReflectorSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::plugins
