// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct ThroughputSettings : probes::ProbeSettings {
    ThroughputSettings() {
        interval = std::chrono::hours(6);
        timeout = std::chrono::seconds(60);
    }

    bool download = true;
    std::string upload_url;
    std::string upload_method = "POST";
    std::int64_t streams = 4;
    double max_mib = 10;  // each direction
    std::chrono::milliseconds max_time{10'000};
    std::chrono::milliseconds warmup{1'000};
    bool early_stop = true;
    std::string rtt_by = "icmp";
    std::string rtt_target;  // empty: the server's host
    std::string ca_file;
    bool tls_verify = true;

    [[nodiscard]] std::uint64_t max_bytes() const {
        return static_cast<std::uint64_t>(max_mib * 1'048'576);
    }
};

// "wss://HOST[:PORT]" or "ws://...": a server of ndt7.
bool is_ndt7(const std::string& address);

ThroughputSettings read_throughput_settings(const SettingsNode& node, SettingsProblems& problems);
std::vector<SettingHelp> throughput_settings_help();

}  // namespace cxedge::plugins
