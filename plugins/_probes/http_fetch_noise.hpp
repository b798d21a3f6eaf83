// SPDX-License-Identifier: Apache-2.0
// Bodies that are sent to measure the line. Thread: one at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cxedge::probes {

// What nobody on the way can compress or has seen before (xorshift64*, Vigna 2016).
class FetchNoise {
public:
    void fill(char* to, std::size_t size) {
        for (std::size_t at = 0; at < size; at += sizeof state_) {
            constexpr std::uint64_t kMultiplier = 0x2545F4914F6CDD1DULL;
            state_ ^= state_ >> 12U;
            state_ ^= state_ << 25U;
            state_ ^= state_ >> 27U;
            const std::uint64_t word = state_ * kMultiplier;
            std::memcpy(to + at, &word, std::min(sizeof word, size - at));
        }
    }

private:
    std::uint64_t state_ =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) |
        1U;
};

}  // namespace cxedge::probes
