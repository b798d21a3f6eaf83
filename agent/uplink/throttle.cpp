// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/throttle.hpp"

#include <algorithm>

namespace cxedge::uplink {

void Throttle::reset(std::size_t window) {
    limit_ = static_cast<double>(window);
    window_ = limit_;
    pause_ = kFirstPause;
    paused_until_ = {};
    in_rounds_ = false;
    ++round_;
}

void Throttle::accepted() {
    window_ = std::min(limit_, window_ + 1 / window_);
    pause_ = kFirstPause;
    paused_until_ = {};
    in_rounds_ = false;
}

void Throttle::out_of_room(SteadyTime now) {
    if (window_ > 1) {
        window_ = std::max(1.0, window_ / 2);
        return;
    }
    pause(now);
}

void Throttle::all_refused(SteadyTime now) {
    in_rounds_ = true;
    pause(now);
}

// What was in flight together is refused together, and counts once.
void Throttle::pause(SteadyTime now) {
    if (paused(now)) {
        return;
    }
    paused_until_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
    ++round_;
}

}  // namespace cxedge::uplink
