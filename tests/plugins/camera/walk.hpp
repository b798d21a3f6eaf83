// SPDX-License-Identifier: Apache-2.0
// People made of numbers: boxes that walk, for the tracker and the counter.
#pragma once

#include <vector>

#include "plugins/camera/line_counter.hpp"
#include "plugins/camera/tracker.hpp"

namespace cxedge::test {

// 20 x 50 pixels, standing at x, y (centre).
inline camera::Detection person_at(double x, double y) {
    return {camera::box_around({x, y}, 20, 50), 1.0};
}

// Tracker and counter of one vertical line x = 160, drawn from y = 50 down to y = 200: "in" is
// from right to left.
class Walk {
public:
    // One picture, 100 ms after the last.
    void step(const std::vector<camera::Detection>& people) {
        now_ += std::chrono::milliseconds(100);
        tracker.update(people, now_);
        keep(counter.update(tracker.tracks(), now_));
    }
    // One person from `from` to `to` in steps of `by` pixels, at height y.
    void go(double from, double to, double by = 5, double y = 120) {
        const double sign = to > from ? 1 : -1;
        for (double x = from; (to - x) * sign >= 0; x += sign * by) {
            step({person_at(x, y)});
        }
    }
    void stand(double x, int steps, double y = 120) {
        for (int i = 0; i < steps; ++i) {
            step({person_at(x, y)});
        }
    }
    // Nobody for long enough that all is settled.
    void settle() {
        for (int i = 0; i < 40; ++i) {
            step({});
        }
    }

    int in = 0;
    int out = 0;
    camera::Tracker tracker;
    camera::LineCounter counter{camera::Polyline({{160, 50}, {160, 200}})};

private:
    camera::FrameTime now_{0};

    void keep(const std::vector<camera::Crossing>& crossings) {
        for (const camera::Crossing& crossing : crossings) {
            ++(crossing.direction == camera::Direction::in ? in : out);
        }
    }
};

}  // namespace cxedge::test
