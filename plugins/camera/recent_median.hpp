// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "plugins/camera/tracker.hpp"

namespace cxedge::camera {

// Median of a count over the last second: a box that flickers is no person who comes and goes.
class RecentMedian {
public:
    int add(FrameTime time, int count) {
        recent_.push_back({time, count});
        while (time - recent_.front().time > kWindow) {
            recent_.pop_front();
        }
        std::vector<int> counts;
        for (const Count& each : recent_) {
            counts.push_back(each.count);
        }
        const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
        std::nth_element(counts.begin(), middle, counts.end());
        return *middle;
    }

private:
    static constexpr std::chrono::milliseconds kWindow{1000};
    struct Count {
        FrameTime time{0};
        int count = 0;
    };
    std::deque<Count> recent_;
};

}  // namespace cxedge::camera
