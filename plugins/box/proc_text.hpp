// SPDX-License-Identifier: Apache-2.0
// Reads the texts of /proc and /sys. Pure: text in, numbers out, nothing if the text is not as
// expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cxedge::plugins {

// Ticks since boot, all processors together.
struct CpuTimes {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
};
std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat);

// Share of the time between two readings spent working; none if no time passed or time went back.
std::optional<double> cpu_share(const CpuTimes& before, const CpuTimes& now);

struct Memory {
    double total = 0;  // bytes
    double available = 0;
};
std::optional<Memory> parse_memory(std::string_view proc_meminfo);

// The number at the very beginning: /proc/loadavg, /proc/uptime, thermal zones.
std::optional<double> first_number(std::string_view text);

}  // namespace cxedge::plugins
