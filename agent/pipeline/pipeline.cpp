// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/core.h>

#include "agent/pipeline/aggregate.hpp"
#include "agent/pipeline/rules.hpp"

namespace cxedge::pipeline {
namespace {

constexpr std::int64_t kYear10000Ms = 253'402'300'800'000;

constexpr std::string_view stat_name(GaugeStat stat) {
    switch (stat) {
        case GaugeStat::mean:
            return "mean";
        case GaugeStat::min:
            return "min";
        case GaugeStat::max:
            return "max";
        case GaugeStat::last:
            return "last";
    }
    return "";
}

WallTime wall_of(const SampleTime& time, const Now& now) {
    if (time.base == SampleTime::Base::wall) {
        return from_unix_ms(time.ms);
    }
    return now.wall - (now.boot - BootTime(time.ms));
}

SampleTime boot_time_of(WallTime wall, const Now& now) {
    return at_boot(now.boot - (now.wall - wall));
}

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
    std::optional<EventId> stale_event;  // set while the series is stale
};

}  // namespace

class Pipeline::Impl {
public:
    Impl(PipelineOptions options, PipelineOutput& output)
        : options_(std::move(options)), output_(output) {}

    Result<SeriesId> declare(const SeriesInfo& asked);
    Status accept(SeriesId series, double value, SampleTime time, const Now& now);
    Status accept_lost(SeriesId series, SampleTime time, const Now& now);
    void accept_event(Event event, const Now& now);
    void tick(const Now& now);
    void flush(const Now& now);

    PipelineCounters counters;

private:
    Result<SeriesId> known(const SeriesInfo& info, SeriesId id);
    Result<SeriesId> add(SeriesInfo info);
    Result<std::vector<SeriesId>> define(const SeriesInfo& info, const Plan& plan);
    Status refuse(Error error);
    static Status check_time(const Entry& entry, SampleTime time);
    [[nodiscard]] Status check_value(const Entry& entry, double value) const;
    void note_reading(Entry& entry, const Now& now);
    void emit(const Entry& entry, std::size_t which, SampleTime time, SampleValue value);
    void pass_raw(Entry& entry, double value, SampleTime time);
    void accept_state(Entry& entry, double value, SampleTime time);
    void gather(Entry& entry, double value, SampleTime time, const Now& now);
    void emit_late(Entry& entry, double value, SampleTime time);
    [[nodiscard]] std::optional<double> increment(Entry& entry, double value, SampleTime time);
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
};

Result<SeriesId> Pipeline::Impl::declare(const SeriesInfo& asked) {
    SeriesInfo info = asked;
    if (const Status normal = normalise(info); !normal) {
        ++counters.refused;
        return normal.error();
    }
    const auto it = ids_.find(info.key);
    Result<SeriesId> id = it != ids_.end() ? known(info, it->second) : add(std::move(info));
    if (!id) {
        ++counters.refused;
    }
    return id;
}

Result<SeriesId> Pipeline::Impl::known(const SeriesInfo& info, SeriesId id) {
    const SeriesInfo& first = entries_[index_of(id)].info;
    if (first.kind != info.kind || first.states != info.states) {
        return invalid_argument(fmt::format(
            "{}: declared as {} before, now as {}",
            to_string(info.key),
            to_string(first.kind),
            to_string(info.kind)
        ));
    }
    return id;
}

Result<SeriesId> Pipeline::Impl::add(SeriesInfo info) {
    if (entries_.size() >= options_.max_series) {
        return exhausted(fmt::format(
            "{}: {} series are in use, the limit is pipeline.max_series",
            to_string(info.key),
            entries_.size()
        ));
    }
    Result<Plan> plan = plan_for(info, options_);
    if (!plan) {
        return plan.error();
    }
    Result<std::vector<SeriesId>> out = define(info, *plan);
    if (!out) {
        return out.error();
    }
    const auto id = SeriesId{static_cast<std::uint32_t>(entries_.size())};
    ids_.emplace(info.key, id);
    entries_.push_back(
        {std::move(info), std::move(*plan), std::move(*out), {}, {}, 0, {}, {}, {}, {}}
    );
    counters.series = entries_.size();
    return id;
}

// Outgoing series: labels added, a windowed counter becomes its increments, each further gauge
// statistic its own series.
Result<std::vector<SeriesId>> Pipeline::Impl::define(const SeriesInfo& info, const Plan& plan) {
    std::vector<SeriesId> ids;
    if (plan.keep == Keep::drop) {
        return ids;
    }
    SeriesInfo out = info;
    out.unit = plan.unit;
    out.key.dims.insert(out.key.dims.end(), plan.labels.begin(), plan.labels.end());
    const bool windowed = plan.keep == Keep::window;
    if (windowed && info.kind == Kind::counter) {
        out.kind = Kind::delta;
        out.counter_bits = 0;
    }
    const bool gauge = windowed && info.kind == Kind::gauge;
    const std::vector<GaugeStat> stats =
        gauge ? plan.stats : std::vector<GaugeStat>{GaugeStat::mean};
    for (const GaugeStat stat : stats) {
        SeriesInfo one = out;
        if (stat != GaugeStat::mean) {
            one.key.dims.push_back({"stat", std::string(stat_name(stat))});
        }
        if (const Status normal = normalise(one); !normal) {
            return normal.error();
        }
        Result<SeriesId> id = output_.define(one);
        if (!id) {
            return id.error();
        }
        ids.push_back(*id);
    }
    return ids;
}

Status Pipeline::Impl::refuse(Error error) {
    ++counters.refused;
    return error;
}

// A device's calendar may be anything; arithmetic on its times must not be.
Status Pipeline::Impl::check_time(const Entry& entry, SampleTime time) {
    if (time.base == SampleTime::Base::wall && (time.ms < 0 || time.ms > kYear10000Ms)) {
        return invalid_argument(fmt::format(
            "{}: device time {} ms is outside 1970..9999", to_string(entry.info.key), time.ms
        ));
    }
    return {};
}

Status Pipeline::Impl::check_value(const Entry& entry, double value) const {
    if (!std::isfinite(value)) {
        return invalid_argument(
            fmt::format("{}: {} is not a number", to_string(entry.info.key), value)
        );
    }
    const bool negative_count = entry.info.kind == Kind::counter && value < 0;
    if (negative_count) {
        return invalid_argument(
            fmt::format("{}: a counter cannot be {}", to_string(entry.info.key), value)
        );
    }
    const auto states = static_cast<double>(entry.info.states.size());
    if (entry.info.kind == Kind::state &&
        (value < 0 || value >= states || value != std::floor(value))) {
        return invalid_argument(fmt::format(
            "{}: state {} is outside 0..{}",
            to_string(entry.info.key),
            value,
            entry.info.states.size() - 1
        ));
    }
    return {};
}

Status Pipeline::Impl::accept(SeriesId series, double value, SampleTime time, const Now& now) {
    if (index_of(series) >= entries_.size()) {
        return refuse(invalid_argument("unknown series id"));
    }
    Entry& entry = entries_[index_of(series)];
    if (!std::isfinite(value) && entry.info.kind == Kind::gauge) {
        return accept_lost(series, time, now);
    }
    Status checked = check_time(entry, time);
    checked = checked ? check_value(entry, value) : checked;
    if (!checked) {
        return refuse(checked.error());
    }
    ++counters.accepted;
    note_reading(entry, now);
    if (entry.plan.keep == Keep::raw) {
        pass_raw(entry, value, time);
    } else if (entry.plan.keep == Keep::window) {
        gather(entry, value, time, now);
    }
    return {};
}

Status Pipeline::Impl::accept_lost(SeriesId series, SampleTime time, const Now& now) {
    if (index_of(series) >= entries_.size()) {
        return refuse(invalid_argument("unknown series id"));
    }
    Entry& entry = entries_[index_of(series)];
    if (const Status checked = check_time(entry, time); !checked) {
        return refuse(checked.error());
    }
    ++counters.accepted;
    note_reading(entry, now);
    if (entry.plan.keep == Keep::raw) {
        emit(entry, 0, time, Lost{});
    } else if (entry.plan.keep == Keep::window) {
        accept_windowed_loss(entry, time, now);
    }
    return {};
}

void Pipeline::Impl::accept_windowed_loss(Entry& entry, SampleTime time, const Now& now) {
    if (join_window(entry, time, now)) {
        ++entry.aggregate.lost;
    } else {
        emit(entry, 0, time, Lost{});
    }
}

void Pipeline::Impl::accept_event(Event event, const Now& now) {
    if (event.id == EventId{}) {
        event.id = random_event_id();
    }
    if (event.time == SampleTime{}) {
        event.time = at_boot(now.boot);
    }
    output_.event(std::move(event));
}

void Pipeline::Impl::note_reading(Entry& entry, const Now& now) {
    entry.last_reading = now.boot;
    if (entry.stale_event) {
        Event event;
        event.name = "series.stale";
        event.state = EventState::clear;
        event.id = *entry.stale_event;
        event.subject = to_string(entry.info.key);
        event.text = "readings arrive again";
        entry.stale_event.reset();
        accept_event(std::move(event), now);
    }
}

void Pipeline::Impl::emit(
    const Entry& entry, std::size_t which, SampleTime time, SampleValue value
) {
    output_.sample(entry.plan.stream, {entry.out[which], time, std::move(value)});
}

// One reading as it is; of a distribution, a histogram of one.
void Pipeline::Impl::pass_raw(Entry& entry, double value, SampleTime time) {
    if (entry.info.kind == Kind::histogram) {
        Histogram one;
        one.record(value);
        emit(entry, 0, time, std::move(one));
    } else {
        emit(entry, 0, time, value);
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
std::optional<double> Pipeline::Impl::increment(Entry& entry, double value, SampleTime time) {
    using Step = CounterDiscipline::Step;
    if (entry.info.kind != Kind::counter) {
        return value;
    }
    const auto outcome = entry.counter.next(value, time, entry.info.counter_bits);
    counters.resets += outcome.step == Step::reset ? 1U : 0U;
    counters.wraps += outcome.step == Step::wrapped ? 1U : 0U;
    if (outcome.step == Step::first || outcome.step == Step::out_of_order) {
        return std::nullopt;
    }
    return outcome.increment;
}

void Pipeline::Impl::gather(Entry& entry, double value, SampleTime time, const Now& now) {
    if (!join_window(entry, time, now)) {
        emit_late(entry, value, time);
        return;
    }
    if (entry.info.kind == Kind::state) {
        accept_state(entry, value, time);
    }
    if (const auto amount = increment(entry, value, time)) {
        entry.aggregate.add(entry.info.kind, *amount);
    }
}

// Outside the open window (a device's own time, or a process that was slow): the value keeps its
// time and travels alone; sums downstream stay right because the pieces add up.
void Pipeline::Impl::emit_late(Entry& entry, double value, SampleTime time) {
    ++counters.late;
    const auto amount = increment(entry, value, time);
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

void Pipeline::Impl::check_stale(Entry& entry, const Now& now) {
    const bool overdue = now.boot - entry.last_reading > entry.plan.stale;
    const bool never_read = entry.last_reading == BootTime{};
    if (!overdue || never_read || entry.stale_event || entry.plan.keep == Keep::drop) {
        return;
    }
    Event event;
    event.name = "series.stale";
    event.severity = Severity::warning;
    event.id = random_event_id();
    event.subject = to_string(entry.info.key);
    event.text = fmt::format(
        "no reading for {} s",
        std::chrono::duration_cast<std::chrono::seconds>(now.boot - entry.last_reading).count()
    );
    entry.stale_event = event.id;
    accept_event(std::move(event), now);
}

void Pipeline::Impl::tick(const Now& now) {
    for (Entry& entry : entries_) {
        const std::int64_t current = unix_ms(now.wall) / entry.plan.window.count();
        if (!entry.aggregate.empty() && entry.open_window != current) {
            close(entry, now);
        }
        check_stale(entry, now);
    }
}

void Pipeline::Impl::flush(const Now& now) {
    for (Entry& entry : entries_) {
        if (!entry.aggregate.empty()) {
            close(entry, now);
        }
    }
}

Pipeline::Pipeline(PipelineOptions options, PipelineOutput& output)
    : impl_(std::make_unique<Impl>(std::move(options), output)) {}
Pipeline::~Pipeline() = default;

Result<SeriesId> Pipeline::declare(const SeriesInfo& info) {
    return impl_->declare(info);
}
Status Pipeline::accept(SeriesId series, double value, SampleTime time, const Now& now) {
    return impl_->accept(series, value, time, now);
}
Status Pipeline::accept_lost(SeriesId series, SampleTime time, const Now& now) {
    return impl_->accept_lost(series, time, now);
}
void Pipeline::accept_event(Event event, const Now& now) {
    impl_->accept_event(std::move(event), now);
}
void Pipeline::tick(const Now& now) {
    impl_->tick(now);
}
void Pipeline::flush(const Now& now) {
    impl_->flush(now);
}
const PipelineCounters& Pipeline::counters() const {
    return impl_->counters;
}

}  // namespace cxedge::pipeline
