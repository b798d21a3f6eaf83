// SPDX-License-Identifier: Apache-2.0
// What one series gathers during one window. Pure; thread: one.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/model/histogram.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"
#include "agent/pipeline/pipeline.hpp"

namespace cxedge::pipeline {

// Turns cumulative readings into increments and tells restarts from wraps.
class CounterDiscipline {
public:
    enum class Step : std::uint8_t { first, grew, reset, wrapped, out_of_order };
    struct Outcome {
        Step step = Step::first;
        double increment = 0;
    };
    // A smaller reading is a wrap if the counter has a width (SeriesInfo::counter_bits) and passing
    // its end explains it with less than half the width; else the device began again from 0.
    // Smaller and taken before the last one: it came out of order and says nothing new. Where the
    // device begins anew every day (resets_at), it never wraps across that time, and a reading that
    // grew across it counts from 0, too: some minutes later, because its clock may be behind.
    Outcome next(double reading, SampleTime time, const SeriesInfo& info, const Now& now);

    // What it remembers, to go on from there in another process.
    CounterDiscipline() = default;
    CounterDiscipline(std::optional<double> last, SampleTime time)
        : last_(last), last_time_(time) {}
    [[nodiscard]] const std::optional<double>& last() const { return last_; }
    [[nodiscard]] SampleTime last_time() const { return last_time_; }

private:
    // Where the time at which the device begins anew lies, seen from a reading.
    enum class Reset : std::uint8_t { not_passed, just_passed, passed };
    [[nodiscard]] Reset reset_before(SampleTime time, const SeriesInfo& info, const Now& now) const;
    static Outcome fell(double before, double reading, std::uint8_t bits);

    std::optional<double> last_;
    SampleTime last_time_;
};

// Readings of one window. Which members matter depends on the kind.
struct Aggregate {
    std::uint64_t n = 0;
    std::uint64_t lost = 0;
    double sum = 0;
    double min = 0;
    double max = 0;
    double last = 0;
    Histogram histogram;

    void add(Kind kind, double value);
    [[nodiscard]] double stat(GaugeStat which) const;
    [[nodiscard]] bool empty() const { return n == 0 && lost == 0; }
};

}  // namespace cxedge::pipeline
