// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/_probes/probe_settings.hpp"

namespace cxedge::plugins {

struct IcmpSettings : probes::ProbeSettings {
    std::int64_t count = 10;                        // packets of a burst
    std::chrono::milliseconds spacing{200};         // from one packet to the next
    std::chrono::milliseconds spacing_jitter{100};  // up to so much more, at random
    std::chrono::milliseconds wait{2'000};          // for the reply to each
    std::vector<double> payload_bytes{56};          // in turn
    std::int64_t dscp = 0;                          // RFC 2474

    // Of packet `slot`.
    [[nodiscard]] std::size_t payload_of(std::size_t slot) const;
    // The longest that a burst takes.
    [[nodiscard]] std::chrono::milliseconds longest() const;
};

IcmpSettings read_icmp_settings(const SettingsNode& settings, SettingsProblems& problems);
std::vector<SettingHelp> icmp_settings_help();

}  // namespace cxedge::plugins
