// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/byte_codec.hpp"
#include "agent/base/ids.hpp"
#include "agent/pipeline/aggregate.hpp"
#include "agent/pipeline/interval_ledger.hpp"
#include "agent/pipeline/rules.hpp"
#include "agent/pipeline/series_bytes.hpp"

namespace cxedge::pipeline {

// An incoming series and what it is gathering.
struct Entry {
    SeriesInfo info;
    Plan plan;
    std::vector<SeriesId> out;  // one; for windowed gauges one for each stat
    CounterDiscipline counter;
    Aggregate aggregate;
    std::int64_t open_window = 0;  // index since 1970 of the window that `aggregate` belongs to
    SampleTime newest{};           // boot time of its newest reading
    std::optional<double> last_state;
    BootTime last_reading{};
    std::optional<EventId> stale_event{};  // set while the series is stale
    std::uint64_t name = 0;                // name_hash()
    IntervalLedger intervals{};            // readings that tell of an interval
    double unchanged_value = 0;            // of the last readings, all alike ...
    BootTime unchanged_since{};            // ... since then; 0: there was none
    std::optional<EventId> stuck_event{};  // set while they are alike for too long
};

void save_counter(const CounterDiscipline& counter, ByteWriter& bytes);
CounterDiscipline read_counter(ByteReader& bytes);

// What an entry gathered, without what its declaration says again. read_entry() is false for bytes
// that save_entry() did not write.
void save_entry(const Entry& entry, ByteWriter& bytes);
bool read_entry(ByteReader& bytes, Entry& entry);

}  // namespace cxedge::pipeline
