// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "agent/base/byte_codec.hpp"
#include "agent/pipeline/aggregate.hpp"
#include "agent/pipeline/pipeline.hpp"

namespace cxedge::pipeline {

// How many people are in a store, from the counts of all its doors: in minus out, never below
// zero. No sensor is exact, so the difference drifts; every night, when the store is known to be
// empty, it begins again at 0 and says by how much it was off. A function of the readings and the
// time zone of the box, nothing else: whoever replays them gets the same. Thread: one.
class StoreOccupancy {
public:
    explicit StoreOccupancy(OccupancyRule rule) : rule_(std::move(rule)) {}

    [[nodiscard]] const std::string& name() const { return rule_.name; }

    // A series that was declared; remembered if it counts people through one of the doors.
    void consider(SeriesId id, const SeriesInfo& info);

    struct DoorReading {
        SeriesId series{};
        double value = 0;
        SampleTime time;
    };
    struct Level {
        double inside = 0;
        std::optional<double> residual;  // of the day that has ended with this reading
    };
    // Empty: not one of the doors, or no news (an overtaken counter).
    std::optional<Level> take(const DoorReading& reading, const Now& now);

    // What it remembers, after all series were declared again. read() is false for bytes that
    // save() did not write.
    void save(ByteWriter& bytes) const;
    bool read(ByteReader& bytes);

    // Of that, what means something in another boot: the level and the end of its day. A door's
    // own counter does not: it may have begun anew, and its times are of another clock.
    void save_level(ByteWriter& bytes) const;
    bool adopt_level(ByteReader& bytes);

private:
    void restore_door(std::string_view key, const CounterDiscipline& counter);
    struct Door {
        std::string key;
        double sign = 1;  // 1 in, -1 out
        bool cumulative = false;
        SeriesInfo info;
        CounterDiscipline counter;
    };
    // When the day ends, and what the wall clock was ahead of the boot clock when that was found
    // out: by a wrong clock it means nothing. 0: found out in another boot.
    struct DayEnd {
        WallTime at{};
        std::chrono::milliseconds wall_offset{0};
    };

    OccupancyRule rule_;
    std::map<SeriesId, Door> doors_;
    double inside_ = 0;
    double balance_ = 0;  // of the day, also below 0
    std::optional<DayEnd> day_end_;
    WallTime counted_{};  // when somebody was, last

    [[nodiscard]] bool clock_is_set(const Now& now) const;
    [[nodiscard]] bool watches(const SeriesInfo& info) const;
    std::optional<double> end_day(const Now& now);
};

}  // namespace cxedge::pipeline
