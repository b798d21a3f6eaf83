// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/aggregate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/base/local_time.hpp"
#include "agent/pipeline/times.hpp"

namespace cxedge::pipeline {
namespace {

// A device's clock may be so far behind the box's: until then it may not have begun its day.
constexpr std::chrono::minutes kClockBehind{15};

}  // namespace

CounterDiscipline::Reset CounterDiscipline::reset_before(
    SampleTime time, const SeriesInfo& info, const Now& now
) const {
    if (!info.resets_at) {
        return Reset::not_passed;
    }
    const WallTime at = wall_of(time, now);
    const WallTime reset = next_local_time(wall_of(last_time_, now), *info.resets_at);
    if (at < reset) {
        return Reset::not_passed;
    }
    return at - reset < kClockBehind ? Reset::just_passed : Reset::passed;
}

CounterDiscipline::Outcome CounterDiscipline::fell(
    double before, double reading, std::uint8_t bits
) {
    const double width = std::ldexp(1.0, bits);
    const double past_end = width - before + reading;
    if (bits != 0 && past_end < width / 2) {
        return {Step::wrapped, past_end};
    }
    return {Step::reset, reading};
}

CounterDiscipline::Outcome CounterDiscipline::next(
    double reading, SampleTime time, const SeriesInfo& info, const Now& now
) {
    const bool earlier = time.base == last_time_.base && time.ms < last_time_.ms;
    if (last_ && reading < *last_ && earlier) {
        return {Step::out_of_order, 0};
    }
    const Reset reset = last_ ? reset_before(time, info, now) : Reset::not_passed;
    last_time_ = time;
    const std::optional<double> previous = std::exchange(last_, reading);
    if (!previous) {
        return {Step::first, 0};
    }
    const bool anew = reset == Reset::passed && reading > *previous;
    if (anew || (reset != Reset::not_passed && reading < *previous)) {
        return {Step::reset, reading};
    }
    return reading < *previous ? fell(*previous, reading, info.counter_bits)
                               : Outcome{Step::grew, reading - *previous};
}

void Aggregate::add(Kind kind, double value) {
    if (kind == Kind::histogram) {
        histogram.record(value);
        ++n;
        return;
    }
    min = n == 0 ? value : std::min(min, value);
    max = n == 0 ? value : std::max(max, value);
    sum += value;
    last = value;
    ++n;
}

double Aggregate::stat(GaugeStat which) const {
    switch (which) {
        case GaugeStat::mean:
            return sum / static_cast<double>(n);
        case GaugeStat::min:
            return min;
        case GaugeStat::max:
            return max;
        case GaugeStat::last:
            return last;
    }
    return last;
}

}  // namespace cxedge::pipeline
