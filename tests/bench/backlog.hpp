// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cxedge::bench {

inline constexpr const char* kBacklogMetric = "bench.backlog";

struct Backlog {
    std::size_t samples = 0;  // with the values 0, 1, 2...
    std::size_t batches = 0;
    std::uint64_t bytes = 0;  // of their bodies
};

// Samples of so many days at one a second. One hour less than that: batches of
// lane 1 are dropped, and declared, after seven days.
std::size_t backlog_samples(double days);

// What a box that was offline for so long would hold, through the real store, as of an earlier
// boot. Requires: no spool in `directory` yet. Throws std::runtime_error.
Backlog write_backlog(const std::string& directory, double days);

}  // namespace cxedge::bench
