// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge {

// What a reading is about, by its device's own words, where the device may tell the same again (a
// push that is repeated, a log that is asked for once more): told again it counts once, also by the
// next process of the agent. A plain value.
struct Occasion {
    // When it was, UTC; of an interval its end. None: now.
    std::optional<WallTime> time;
    // The value is about [from, time): known intervals of the series are dropped, and what is
    // missing between two of them becomes explicit losses. Needs `time`, later than `from`.
    std::optional<WallTime> from;
    // Not 0: of the readings of this series with this number only the first counts. For what has a
    // name (a package number, a line's place in a file) but no interval; remembered for the last
    // 32,768 readings of the box that have one.
    std::uint64_t key = 0;

    // Something names the reading, so that it can be recognised.
    [[nodiscard]] bool has_name() const { return from.has_value() || key != 0; }
    bool operator==(const Occasion&) const = default;
};

// invalid_argument: an interval without end, or one that does not end after it begins.
inline Status check(const Occasion& occasion) {
    const bool sound = !occasion.from || (occasion.time && *occasion.time > *occasion.from);
    return sound ? Status() : invalid_argument("an interval must end after it begins");
}

}  // namespace cxedge
