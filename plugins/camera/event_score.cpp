// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/event_score.hpp"

#include <algorithm>

namespace cxedge::camera {
namespace {

// Of one direction, by time.
std::vector<double> times_of(const std::vector<TimedDirection>& events, Direction direction) {
    std::vector<double> times;
    for (const TimedDirection& each : events) {
        if (each.direction == direction) {
            times.push_back(each.time_s);
        }
    }
    std::sort(times.begin(), times.end());
    return times;
}

// The earliest with the earliest: with one tolerance for all, no other pairing gives more pairs.
EventScore score_times(
    const std::vector<double>& counted, const std::vector<double>& truth, double tolerance_s
) {
    EventScore score;
    std::size_t next = 0;
    for (const double time : truth) {
        while (next < counted.size() && counted[next] < time - tolerance_s) {
            ++next;
        }
        if (next < counted.size() && counted[next] <= time + tolerance_s) {
            ++score.matched;
            ++next;
        }
    }
    score.missed = static_cast<int>(truth.size()) - score.matched;
    score.extra = static_cast<int>(counted.size()) - score.matched;
    return score;
}

}  // namespace

EventScore score_events(
    const std::vector<TimedDirection>& counted,
    const std::vector<TimedDirection>& truth,
    double tolerance_s
) {
    EventScore score;
    for (const Direction direction : {Direction::in, Direction::out}) {
        score.add(score_times(times_of(counted, direction), times_of(truth, direction), tolerance_s)
        );
    }
    return score;
}

}  // namespace cxedge::camera
