// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "agent/base/glob.hpp"
#include "agent/model/same_series.hpp"
#include "agent/pipeline/pipeline_impl.hpp"

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

}  // namespace

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

std::optional<SeriesId> Pipeline::Impl::find(const SeriesInfo& asked) const {
    SeriesInfo info = asked;
    const auto found = normalise(info) ? ids_.find(info.key) : ids_.end();
    const bool same = found != ids_.end() && known(info, found->second).ok();
    return same ? std::optional(found->second) : std::nullopt;
}

Result<SeriesId> Pipeline::Impl::known(const SeriesInfo& info, SeriesId id) const {
    const Status same = check_same(entries_[index_of(id)].info, info);
    return same ? Result<SeriesId>(id) : Result<SeriesId>(same.error());
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
    entries_.back().name = name_hash(entries_.back().info.key);
    if (const auto told = told_until_.find(to_string(entries_.back().info.key));
        told != told_until_.end()) {
        entries_.back().intervals.begin_at(told->second);
        told_until_.erase(told);
    }
    counters.series = entries_.size();
    for (Derived& derived : derived_) {
        derived.occupancy.consider(id, entries_.back().info);
    }
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
    gather_or_pass(entry, value, time, now);
    count_door({series, value, time}, now);
    return {};
}

void Pipeline::Impl::gather_or_pass(Entry& entry, double value, SampleTime time, const Now& now) {
    note_reading(entry, now);
    watch_change(entry, value, now);
    if (entry.plan.keep == Keep::raw) {
        pass_raw(entry, value, time);
    } else if (entry.plan.keep == Keep::window) {
        gather(entry, value, time, now);
    }
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

void Pipeline::Impl::check_stale(Entry& entry, const Now& now) {
    const bool overdue = now.boot - entry.last_reading > entry.plan.stale;
    const bool never_read = entry.last_reading == BootTime{};
    if (!overdue || never_read || entry.stale_event || entry.plan.keep == Keep::drop) {
        return;
    }
    Event event;
    event.name = "series.stale";
    event.severity = Severity::warning;
    event.subject = to_string(entry.info.key);
    // Derived, so that a replay of the journal gives the same event.
    event.id = derived_event_id(fmt::format("{} stale {}", event.subject, unix_ms(now.wall)));
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

std::vector<SeriesId> Pipeline::Impl::close(const std::vector<SeriesId>& series, const Now& now) {
    std::vector<SeriesId> closed;
    for (const SeriesId id : series) {
        if (index_of(id) < entries_.size() && !entries_[index_of(id)].aggregate.empty()) {
            close(entries_[index_of(id)], now);
            closed.push_back(id);
        }
    }
    return closed;
}

std::vector<SeriesId> Pipeline::Impl::series_like(std::string_view metric) const {
    std::vector<SeriesId> found;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (glob_matches(metric, entries_[i].info.key.metric)) {
            found.push_back(static_cast<SeriesId>(i));
        }
    }
    return found;
}

void Pipeline::Impl::save(std::string& out) const {
    ByteWriter bytes(out);
    bytes.number(entries_.size());
    for (const Entry& entry : entries_) {
        save_info(entry.info, bytes);
        save_entry(entry, bytes);
    }
    save_derived(bytes);
    seen_keys_.save(bytes);
    save_told(told_until_, bytes);
}

Result<Pipeline::RestoredIds> Pipeline::Impl::restore(std::string_view saved) {
    ByteReader bytes(saved);
    RestoredIds ids;
    for (std::uint64_t left = bytes.number(); left > 0; --left) {
        Entry read;
        if (!read_info(bytes, read.info) || !read_entry(bytes, read)) {
            return corrupt("the saved state of the pipeline is damaged");
        }
        const Result<SeriesId> id = declare(read.info);
        ids.push_back(id ? std::optional(*id) : std::nullopt);
        if (id) {
            take_over(entries_[index_of(*id)], std::move(read));
        }
    }
    if (!restore_derived(bytes) || !seen_keys_.read(bytes) || !read_told(bytes)) {
        return corrupt("the saved state of the pipeline is damaged");
    }
    return ids;
}

// What was gathered, under today's rules.
void Pipeline::Impl::take_over(Entry& entry, Entry read) {
    read.info = std::move(entry.info);
    read.plan = std::move(entry.plan);
    read.out = std::move(entry.out);
    read.name = entry.name;
    entry = std::move(read);
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
Status Pipeline::accept_once(
    SeriesId series, double value, const Occasion& occasion, SampleTime taken, const Now& now
) {
    return impl_->accept_once(series, value, occasion, taken, now);
}
Status Pipeline::accept_lost(SeriesId series, SampleTime time, const Now& now) {
    return impl_->accept_lost(series, time, now);
}
void Pipeline::accept_event(Event event, const Now& now) {
    impl_->accept_event(std::move(event), now);
}
std::optional<SeriesId> Pipeline::find(const SeriesInfo& info) const {
    return impl_->find(info);
}
const SeriesInfo& Pipeline::info_of(SeriesId series) const {
    return impl_->info_of(series);
}
Stream Pipeline::stream_of(SeriesId series) const {
    return impl_->stream_of(series);
}
const std::vector<SeriesId>& Pipeline::outgoing_of(SeriesId series) const {
    return impl_->outgoing_of(series);
}
void Pipeline::tick(const Now& now) {
    impl_->tick(now);
}
void Pipeline::flush(const Now& now) {
    impl_->flush(now);
}

std::vector<SeriesId> Pipeline::close(const std::vector<SeriesId>& series, const Now& now) {
    return impl_->close(series, now);
}
std::vector<SeriesId> Pipeline::series_like(std::string_view metric) const {
    return impl_->series_like(metric);
}
void Pipeline::save(std::string& out) const {
    impl_->save(out);
}
Result<Pipeline::RestoredIds> Pipeline::restore(std::string_view saved) {
    return impl_->restore(saved);
}
std::string Pipeline::lasting() const {
    return impl_->lasting();
}
bool Pipeline::adopt(std::string_view lasting) {
    return impl_->adopt(lasting);
}
const PipelineCounters& Pipeline::counters() const {
    return impl_->counters;
}

}  // namespace cxedge::pipeline
