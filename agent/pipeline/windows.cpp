// SPDX-License-Identifier: Apache-2.0
// The part of the pipeline that gathers readings over tumbling windows aligned to UTC.
#include <algorithm>
#include <utility>

#include "agent/pipeline/pipeline_impl.hpp"
#include "agent/pipeline/times.hpp"

namespace cxedge::pipeline {

void Pipeline::Impl::accept_windowed_loss(Entry& entry, SampleTime time, const Now& now) {
    if (join_window(entry, time, now)) {
        ++entry.aggregate.lost;
    } else {
        emit(entry, 0, time, Lost{});
    }
}

// A change of state is news at once; its repetition belongs to the window.
void Pipeline::Impl::accept_state(Entry& entry, double value, SampleTime time) {
    if (entry.last_state != value) {
        entry.last_state = value;
        emit(entry, 0, time, value);
    }
}

// Nothing for a first or overtaken cumulative reading; else what to add to the window.
std::optional<double> Pipeline::Impl::increment(
    Entry& entry, double value, SampleTime time, const Now& now
) {
    using Step = CounterDiscipline::Step;
    if (entry.info.kind != Kind::counter) {
        return value;
    }
    const auto outcome = entry.counter.next(value, time, entry.info, now);
    counters.resets += outcome.step == Step::reset ? 1U : 0U;
    counters.wraps += outcome.step == Step::wrapped ? 1U : 0U;
    if (outcome.step == Step::first || outcome.step == Step::out_of_order) {
        return std::nullopt;
    }
    return outcome.increment;
}

void Pipeline::Impl::gather(Entry& entry, double value, SampleTime time, const Now& now) {
    if (!join_window(entry, time, now)) {
        emit_late(entry, value, time, now);
        return;
    }
    if (entry.info.kind == Kind::state) {
        accept_state(entry, value, time);
    }
    if (const auto amount = increment(entry, value, time, now)) {
        entry.aggregate.add(entry.info.kind, *amount);
    }
}

// Outside the open window (a device's own time, or a process that was slow): the value keeps its
// time and travels alone; sums downstream stay right because the pieces add up.
void Pipeline::Impl::emit_late(Entry& entry, double value, SampleTime time, const Now& now) {
    ++counters.late;
    const auto amount = increment(entry, value, time, now);
    if (!amount) {
        return;
    }
    if (entry.info.kind == Kind::histogram) {
        pass_raw(entry, *amount, time);
        return;
    }
    for (std::size_t which = 0; which < entry.out.size(); ++which) {
        emit(entry, which, time, *amount);
    }
}

// True when a reading of this time belongs to the window that is, or now becomes, the open one.
bool Pipeline::Impl::join_window(Entry& entry, SampleTime time, const Now& now) {
    const std::int64_t length = entry.plan.window.count();
    const WallTime taken = wall_of(time, now);
    const std::int64_t window = unix_ms(taken) / length;
    const bool is_open = !entry.aggregate.empty() && entry.open_window == window;
    if (!is_open && window != unix_ms(now.wall) / length) {
        return false;
    }
    if (!is_open) {
        open(entry, window, now);
    }
    entry.newest = std::max(entry.newest, boot_time_of(taken, now));
    return true;
}

void Pipeline::Impl::open(Entry& entry, std::int64_t window, const Now& now) {
    if (!entry.aggregate.empty()) {
        close(entry, now);
    }
    entry.open_window = window;
    entry.newest = {};
}

void Pipeline::Impl::close(Entry& entry, const Now& now) {
    const WallTime end(entry.plan.window * (entry.open_window + 1));
    // After a backward step of the wall clock, or at shutdown, the window ends now; after a forward
    // step its end on the new clock lies before its readings, so it ends with the last of them.
    const SampleTime stamp = boot_time_of(std::min(end, now.wall), now);
    emit_window(entry, std::max(stamp, entry.newest));
    entry.aggregate = Aggregate{};
}

void Pipeline::Impl::emit_window(Entry& entry, SampleTime end) {
    Aggregate& gathered = entry.aggregate;
    if (gathered.n == 0) {
        for (std::size_t which = 0; which < entry.out.size(); ++which) {
            emit(entry, which, end, Lost{});
        }
        return;
    }
    switch (entry.info.kind) {
        case Kind::gauge:
            for (std::size_t which = 0; which < entry.out.size(); ++which) {
                emit(entry, which, end, gathered.stat(entry.plan.stats[which]));
            }
            break;
        case Kind::counter:
        case Kind::delta:
            emit(entry, 0, end, gathered.sum);
            break;
        case Kind::histogram:
            emit(entry, 0, end, std::move(gathered.histogram));
            break;
        case Kind::state:
            emit(entry, 0, end, gathered.last);
            break;
    }
}

}  // namespace cxedge::pipeline
