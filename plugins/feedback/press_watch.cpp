// SPDX-License-Identifier: Apache-2.0
#include "plugins/feedback/press_watch.hpp"

#include <algorithm>

namespace cxedge::plugins {
namespace {

constexpr std::size_t kMostRecent = 512;

SteadyTime::duration apart(SteadyTime a, SteadyTime b) {
    return a > b ? a - b : b - a;
}

}  // namespace

bool PressWatch::is_bounce(int value, SteadyTime at) const {
    return std::any_of(recent_.begin(), recent_.end(), [&](const Press& press) {
        return press.value == value && apart(press.at, at) < rules_.debounce;
    });
}

void PressWatch::flag(Press& press, std::deque<Press>& doubtful) {
    if (!press.flagged) {
        press.flagged = true;
        doubtful.push_back(press);
    }
}

bool PressWatch::take(int value, SteadyTime at, std::deque<Press>& doubtful) {
    const auto place =
        std::upper_bound(recent_.begin(), recent_.end(), at, [](SteadyTime time, const Press& p) {
            return time < p.at;
        });
    recent_.insert(place, Press{at, value, taken_++, false});
    const auto counts = std::count_if(recent_.begin(), recent_.end(), [&](const Press& press) {
        return press.at <= at && at - press.at < rules_.burst_window;
    });
    const bool burst = static_cast<std::size_t>(counts) > rules_.burst;
    for (Press& press : recent_) {
        const bool is_new = press.number + 1 == taken_;
        const bool of_burst = burst && press.at <= at && at - press.at < rules_.burst_window;
        const bool other = press.value != value && apart(press.at, at) < rules_.pair;
        if (other) {
            flag(press, doubtful);
        }
        const bool paired = is_new && std::any_of(recent_.begin(), recent_.end(), [&](auto& near) {
                                return near.value != value && apart(near.at, at) < rules_.pair;
                            });
        if (of_burst || paired) {
            flag(press, doubtful);
        }
    }
    last_burst_ = burst ? std::optional(at) : last_burst_;
    while (recent_.size() > kMostRecent ||
           recent_.back().at - recent_.front().at > rules_.burst_window + rules_.pair) {
        recent_.pop_front();
    }
    return burst;
}

bool PressWatch::in_play(SteadyTime now) const {
    return last_burst_ && now - *last_burst_ < rules_.quiet;
}

}  // namespace cxedge::plugins
