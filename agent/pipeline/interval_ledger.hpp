// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/byte_codec.hpp"
#include "agent/base/clock.hpp"

namespace cxedge::pipeline {

// [from, to)
struct Interval {
    WallTime from{};
    WallTime to{};
    bool operator==(const Interval&) const = default;
};

// Which times a series of interval counts has told of: what comes twice is dropped, what is missing
// shows. Pure; thread: one.
class IntervalLedger {
public:
    struct Taken {
        bool is_known = false;  // all of it was told before
        bool overlaps = false;  // a part of it was
        // Behind everything told before and not adjoining: nobody told of this yet.
        std::optional<Interval> hole;
    };
    // Remembers it. What is missing may still come, later and in any order.
    Taken take(const Interval& interval);

    // The end of the newest interval; none yet: empty.
    [[nodiscard]] std::optional<WallTime> end() const;
    // All before `end` was told: by an earlier boot.
    void begin_at(WallTime end);

    void save(ByteWriter& bytes) const;
    bool read(ByteReader& bytes);

private:
    // More than these, and the oldest hole is given up: what comes late for it is dropped.
    static constexpr std::size_t kMostRanges = 64;

    std::vector<Interval> told_;  // sorted, disjoint, not adjoining
};

}  // namespace cxedge::pipeline
