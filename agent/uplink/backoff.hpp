// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace cxedge::uplink {

// Waiting times between attempts with decorrelated jitter: each is random between the minimum and
// three times the one before, so that a thousand boxes do not come back in step. Thread: one.
class Backoff {
public:
    using Milliseconds = std::chrono::milliseconds;

    Backoff(Milliseconds min, Milliseconds max, std::uint64_t seed);

    Milliseconds next();
    // After success: the next wait is short again.
    void reset() { previous_ = min_; }

private:
    Milliseconds min_;
    Milliseconds max_;
    Milliseconds previous_;
    std::mt19937_64 random_;
};

}  // namespace cxedge::uplink
