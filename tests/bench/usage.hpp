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
    double run_s = 0;  // on a processor, of the threads that still are; finer than the two above
    [[nodiscard]] double cpu_s() const { return user_s + system_s; }
};
// What came between; peaks and sizes are those of `after`.
Usage operator-(Usage after, const Usage& before);
// All zero for a process that is gone.
Usage usage_of(pid_t pid);

// Of everything in a directory.
std::uint64_t bytes_in(const std::string& directory);

}  // namespace cxedge::bench
