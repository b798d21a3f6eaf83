// SPDX-License-Identifier: Apache-2.0
// The part of the pipeline that watches over counting: what is told twice, what nobody told, what
// does not move.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/pipeline/pipeline_impl.hpp"
#include "agent/pipeline/times.hpp"

namespace cxedge::pipeline {
namespace {

// Losses of one gap at most, so that a device that was away for a year is no flood: the last ones.
constexpr std::int64_t kMostSlots = 1'440;

// Derived, so that a replay of the journal gives the same event.
EventId event_id(std::string_view what, std::string_view subject, WallTime at) {
    return derived_event_id(fmt::format("{} {} {}", subject, what, unix_ms(at)));
}

}  // namespace

Status Pipeline::Impl::check_once(SeriesId series, double value, const Occasion& occasion) const {
    if (index_of(series) >= entries_.size()) {
        return invalid_argument("unknown series id");
    }
    const Entry& entry = entries_[index_of(series)];
    Status sound = check(occasion);
    for (const auto& time : {occasion.from, occasion.time}) {
        sound = sound && time ? check_time(entry, at_wall(*time)) : sound;
    }
    return sound ? check_value(entry, value) : sound;
}

Status Pipeline::Impl::accept_once(
    SeriesId series, double value, const Occasion& occasion, SampleTime taken, const Now& now
) {
    if (Status sound = check_once(series, value, occasion); !sound) {
        return refuse(sound.error());
    }
    Entry& entry = entries_[index_of(series)];
    if (occasion.key != 0 && !seen_keys_.insert(entry.name, occasion.key)) {
        ++counters.repeated;
        note_reading(entry, now);
        return {};
    }
    if (occasion.from) {
        take_interval(series, value, {*occasion.from, *occasion.time}, now);
        return {};
    }
    return accept(series, value, occasion.time ? at_wall(*occasion.time) : taken, now);
}

// Gathered by the device already: not gathered once more, over windows that are not its intervals.
void Pipeline::Impl::take_interval(
    SeriesId series, double value, const Interval& interval, const Now& now
) {
    Entry& entry = entries_[index_of(series)];
    note_reading(entry, now);
    const IntervalLedger::Taken taken = entry.intervals.take(interval);
    if (taken.is_known) {
        ++counters.repeated;
        return;
    }
    ++counters.accepted;
    if (taken.hole) {
        tell_gap(entry, *taken.hole, interval, now);
    }
    if (taken.overlaps) {
        tell_overlap(entry, now);
    }
    watch_change(entry, value, now);
    const SampleTime end = at_wall(interval.to);
    if (entry.info.kind == Kind::histogram && entry.plan.keep != Keep::drop) {
        pass_raw(entry, value, end);
    } else if (entry.plan.keep != Keep::drop) {
        const auto amount = increment(entry, value, end, now);
        for (std::size_t which = 0; amount && which < entry.out.size(); ++which) {
            emit(entry, which, end, *amount);
        }
    }
    count_door({series, value, end}, now);
}

void Pipeline::Impl::tell_gap(
    const Entry& entry, const Interval& hole, const Interval& next, const Now& now
) {
    const std::chrono::milliseconds length = next.to - next.from;
    const std::int64_t slots =
        (hole.to - hole.from + length - std::chrono::milliseconds(1)).count() / length.count();
    const std::int64_t told = entry.plan.keep == Keep::drop ? 0 : std::min(slots, kMostSlots);
    for (std::int64_t slot = told; slot > 0; --slot) {
        emit(entry, 0, at_wall(hole.to - (slot - 1) * length), Lost{});
    }
    Event event;
    event.name = "series.gap";
    event.subject = to_string(entry.info.key);
    event.id = event_id("gap", event.subject, hole.from);
    event.text = fmt::format(
        "nothing was told of {} to {}: {} intervals", iso8601(hole.from), iso8601(hole.to), slots
    );
    event.attrs = {
        {"from", iso8601(hole.from)},
        {"to", iso8601(hole.to)},
        {"intervals", std::to_string(slots)}};
    accept_event(std::move(event), now);
}

void Pipeline::Impl::tell_overlap(const Entry& entry, const Now& now) {
    Event event;
    event.name = "series.overlap";
    event.severity = Severity::warning;
    event.subject = to_string(entry.info.key);
    event.id = event_id("overlap", event.subject, now.wall);
    event.text = "an interval covers a part of what was told before: counted all the same";
    accept_event(std::move(event), now);
}

// A sensor that hangs goes on saying the same.
void Pipeline::Impl::watch_change(Entry& entry, double value, const Now& now) {
    if (entry.plan.stuck.count() == 0) {
        return;
    }
    const bool same = entry.unchanged_since != BootTime{} && value == entry.unchanged_value;
    const bool stuck = same && now.boot - entry.unchanged_since > entry.plan.stuck;
    if (!same) {
        entry.unchanged_value = value;
        entry.unchanged_since = now.boot;
    }
    if (stuck == entry.stuck_event.has_value() || (same && !stuck)) {
        return;
    }
    Event event;
    event.name = "series.stuck";
    event.severity = stuck ? Severity::warning : Severity::info;
    event.state = stuck ? EventState::raise : EventState::clear;
    event.subject = to_string(entry.info.key);
    event.id = stuck ? event_id("stuck", event.subject, now.wall) : *entry.stuck_event;
    event.text = stuck ? fmt::format("all readings were {} for longer than stuck_s", value)
                       : std::string("readings change again");
    entry.stuck_event = stuck ? std::optional(event.id) : std::nullopt;
    accept_event(std::move(event), now);
}

}  // namespace cxedge::pipeline
