// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/aggregate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cxedge::pipeline {

CounterDiscipline::Outcome CounterDiscipline::next(
    double reading, SampleTime time, std::uint8_t bits
) {
    const bool earlier = time.base == last_time_.base && time.ms < last_time_.ms;
    if (last_ && reading < *last_ && earlier) {
        return {Step::out_of_order, 0};
    }
    last_time_ = time;
    const std::optional<double> previous = std::exchange(last_, reading);
    if (!previous) {
        return {Step::first, 0};
    }
    const double before = *previous;
    if (reading >= before) {
        return {Step::grew, reading - before};
    }
    const double width = std::ldexp(1.0, bits);
    const double past_end = width - before + reading;
    if (bits != 0 && past_end < width / 2) {
        return {Step::wrapped, past_end};
    }
    return {Step::reset, reading};
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
