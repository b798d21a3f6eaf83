// SPDX-License-Identifier: Apache-2.0
// What a process has used, from /proc.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace cxedge::bench {

struct Usage {
    double user_s = 0;
    double system_s = 0;
    double peak_mib = 0;  // VmHWM
    double rss_mib = 0;
    std::uint64_t write_bytes = 0;  // dirtied or sent to a block device; tmpfs does not count
    std::uint64_t wakeups = 0;      // voluntary context switches of all threads
    [[nodiscard]] double cpu_s() const { return user_s + system_s; }
};
// All zero for a process that is gone.
Usage usage_of(pid_t pid);

// Of everything in a directory.
std::uint64_t bytes_in(const std::string& directory);

}  // namespace cxedge::bench
