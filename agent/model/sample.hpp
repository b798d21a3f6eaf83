// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <variant>

#include "agent/base/clock.hpp"
#include "agent/model/histogram.hpp"
#include "agent/model/series.hpp"

namespace cxedge {

// When a sample was taken. `boot` is milliseconds on CLOCK_BOOTTIME of this boot and becomes UTC
// when the batch is sent, with the clock offset known by then; `wall` is UTC milliseconds that the
// device itself declared and is never corrected.
struct SampleTime {
    enum class Base : std::uint8_t { boot, wall };
    Base base = Base::boot;
    std::int64_t ms = 0;
    auto operator<=>(const SampleTime&) const = default;
};

inline SampleTime at_boot(BootTime time) {
    return {SampleTime::Base::boot, time.count()};
}
inline SampleTime at_wall(WallTime time) {
    return {SampleTime::Base::wall, unix_ms(time)};
}

// One value of one series as it leaves the pipeline: a number, a histogram, or an explicit loss.
struct Lost {
    bool operator==(const Lost&) const = default;
};
using SampleValue = std::variant<double, Histogram, Lost>;

struct Sample {
    SeriesId series{};
    SampleTime time;
    SampleValue value;
};

}  // namespace cxedge
