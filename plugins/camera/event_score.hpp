// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plugins/camera/line_counter.hpp"

namespace cxedge::camera {

// Counted crossings against true ones: equal totals can hide errors that cancel out.
struct EventScore {
    int matched = 0;
    int missed = 0;  // true, not counted
    int extra = 0;   // counted, not true

    // Harmonic mean of precision and recall; 1 where nothing was to be counted and nothing was.
    [[nodiscard]] double f1() const {
        const int all = 2 * matched + missed + extra;
        return all > 0 ? 2.0 * matched / all : 1.0;
    }
    void add(const EventScore& other) {
        matched += other.matched;
        missed += other.missed;
        extra += other.extra;
    }
};

struct TimedDirection {
    double time_s = 0;
    Direction direction = Direction::in;
};

// Pairs crossings of one direction that are at most `tolerance_s` apart, as many as possible.
EventScore score_events(
    const std::vector<TimedDirection>& counted,
    const std::vector<TimedDirection>& truth,
    double tolerance_s
);

}  // namespace cxedge::camera
