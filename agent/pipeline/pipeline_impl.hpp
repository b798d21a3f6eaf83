// SPDX-License-Identifier: Apache-2.0
// Private to this folder: declarations and readings are in pipeline.cpp, windows in windows.cpp,
// what is derived from other series in derived.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/pipeline/entry.hpp"
#include "agent/pipeline/interval_ledger.hpp"
#include "agent/pipeline/pipeline.hpp"
#include "agent/pipeline/seen_keys.hpp"
#include "agent/pipeline/store_occupancy.hpp"

namespace cxedge::pipeline {

class Pipeline::Impl {
public:
    Impl(PipelineOptions options, PipelineOutput& output);

    Result<SeriesId> declare(const SeriesInfo& asked);
    [[nodiscard]] std::optional<SeriesId> find(const SeriesInfo& asked) const;
    Status accept(SeriesId series, double value, SampleTime time, const Now& now);
    Status accept_once(
        SeriesId series, double value, const Occasion& occasion, SampleTime taken, const Now& now
    );
    Status accept_lost(SeriesId series, SampleTime time, const Now& now);
    void accept_event(Event event, const Now& now);
    [[nodiscard]] const SeriesInfo& info_of(SeriesId series) const {
        return entries_.at(index_of(series)).info;
    }
    [[nodiscard]] Stream stream_of(SeriesId series) const {
        return index_of(series) < entries_.size() ? entries_[index_of(series)].plan.stream
                                                  : Stream::bulk;
    }
    [[nodiscard]] const std::vector<SeriesId>& outgoing_of(SeriesId series) const {
        return index_of(series) < entries_.size() ? entries_[index_of(series)].out : none_;
    }
    void tick(const Now& now);
    void flush(const Now& now);
    [[nodiscard]] std::vector<SeriesId> series_like(std::string_view metric) const;
    std::vector<SeriesId> close(const std::vector<SeriesId>& series, const Now& now);
    void save(std::string& out) const;
    Result<RestoredIds> restore(std::string_view saved);
    [[nodiscard]] std::string lasting() const;
    bool adopt(std::string_view lasting);

    PipelineCounters counters;

private:
    // What is derived from other series.
    struct Derived {
        StoreOccupancy occupancy;
        SeriesId level{};
        SeriesId residual{};
    };

    static void take_over(Entry& entry, Entry read);
    void derive(const OccupancyRule& rule);
    void count_door(const StoreOccupancy::DoorReading& reading, const Now& now);
    void gather_or_pass(Entry& entry, double value, SampleTime time, const Now& now);
    void save_derived(ByteWriter& bytes) const;
    bool restore_derived(ByteReader& bytes);
    using ToldUntil = std::map<std::string, WallTime, std::less<>>;
    static void save_told(const ToldUntil& told, ByteWriter& bytes);
    bool read_told(ByteReader& bytes);
    bool read_stores(ByteReader& bytes, bool (StoreOccupancy::*read)(ByteReader&));
    [[nodiscard]] Result<SeriesId> known(const SeriesInfo& info, SeriesId id) const;
    Result<SeriesId> add(SeriesInfo info);
    Result<std::vector<SeriesId>> define(const SeriesInfo& info, const Plan& plan);
    Status refuse(Error error);
    static Status check_time(const Entry& entry, SampleTime time);
    [[nodiscard]] Status check_value(const Entry& entry, double value) const;
    Status check_once(SeriesId series, double value, const Occasion& occasion) const;
    void take_interval(SeriesId series, double value, const Interval& interval, const Now& now);
    void tell_gap(const Entry& entry, const Interval& hole, const Interval& next, const Now& now);
    void tell_overlap(const Entry& entry, const Now& now);
    void note_reading(Entry& entry, const Now& now);
    void watch_change(Entry& entry, double value, const Now& now);
    void emit(const Entry& entry, std::size_t which, SampleTime time, SampleValue value);
    void pass_raw(Entry& entry, double value, SampleTime time);
    void accept_state(Entry& entry, double value, SampleTime time);
    void gather(Entry& entry, double value, SampleTime time, const Now& now);
    void emit_late(Entry& entry, double value, SampleTime time, const Now& now);
    [[nodiscard]] std::optional<double> increment(
        Entry& entry, double value, SampleTime time, const Now& now
    );
    void accept_windowed_loss(Entry& entry, SampleTime time, const Now& now);
    bool join_window(Entry& entry, SampleTime time, const Now& now);
    void open(Entry& entry, std::int64_t window, const Now& now);
    void close(Entry& entry, const Now& now);
    void emit_window(Entry& entry, SampleTime end);
    void check_stale(Entry& entry, const Now& now);

    PipelineOptions options_;
    PipelineOutput& output_;
    std::vector<Entry> entries_;
    std::map<SeriesKey, SeriesId> ids_;
    std::vector<Derived> derived_;
    SeenKeys seen_keys_;
    // Of an earlier boot, by series: intervals until then were told.
    ToldUntil told_until_;
    const std::vector<SeriesId> none_;
};

}  // namespace cxedge::pipeline
