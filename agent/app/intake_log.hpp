// SPDX-License-Identifier: Apache-2.0
// What goes into the pipeline, as records of the journal, so that the next process can put the same
// into its pipeline and get the same out. Thread: one.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/model/event.hpp"
#include "agent/model/occasion.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"
#include "agent/pipeline/pipeline.hpp"

namespace cxedge::app {

// Declarations are numbered as the pipeline numbers its series: from 0, in order.
struct Declared {
    SeriesInfo info;
};
struct Reading {
    SeriesId series{};
    SampleTime time;
    std::optional<double> value;  // empty: the measurement failed
};
struct Once {
    SeriesId series{};
    double value = 0;
    Occasion occasion;
    SampleTime taken;
};
struct Ticked {
    bool flush = false;  // all windows were closed
};
struct Closed {
    std::vector<SeriesId> series;  // whose windows were closed early
};
using Intake = std::variant<Declared, Reading, Once, Event, Ticked, Closed>;

// Times are written as differences: reader and writer must both begin where a journal file begins.
class IntakeWriter {
public:
    // The record; valid until the next call.
    std::string_view write(const Declared& declared, const pipeline::Now& now);
    std::string_view write(const Reading& reading, const pipeline::Now& now);
    std::string_view write(const Once& once, const pipeline::Now& now);
    std::string_view write(const Event& event, const pipeline::Now& now);
    std::string_view write(const Ticked& ticked, const pipeline::Now& now);
    std::string_view write(const Closed& closed, const pipeline::Now& now);
    // A new journal file, or the last record was not stored.
    void restart() { last_ = {}; }

private:
    void begin(unsigned tag, const pipeline::Now& now);
    std::string record_;
    std::optional<pipeline::Now> last_;
};

class IntakeReader {
public:
    struct Record {
        Intake intake;
        pipeline::Now now;
    };
    // Empty: the record is not one of ours.
    std::optional<Record> read(std::string_view record);

private:
    pipeline::Now last_;
};

}  // namespace cxedge::app
