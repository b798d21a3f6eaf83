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
    // `bits` as SeriesInfo::counter_bits. A smaller reading is a wrap if the counter has a width
    // and passing its end explains it with less than half the width; else the device began again
    // from 0. Smaller and taken before the last one: it came out of order and says nothing new.
    Outcome next(double reading, SampleTime time, std::uint8_t bits);

    // What it remembers, to go on from there in another process.
    CounterDiscipline() = default;
    CounterDiscipline(std::optional<double> last, SampleTime time)
        : last_(last), last_time_(time) {}
    [[nodiscard]] const std::optional<double>& last() const { return last_; }
    [[nodiscard]] SampleTime last_time() const { return last_time_; }

private:
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
