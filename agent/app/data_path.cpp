// SPDX-License-Identifier: Apache-2.0
#include "agent/app/data_path.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/log.hpp"

namespace cxedge::app {
DataPath::DataPath(
    Options options,
    std::vector<std::unique_ptr<Outlet>> outlets,
    EventLoop& loop,
    const Clock& clock
)
    : outlets_(std::move(outlets), options.history),
      loop_(loop),
      clock_(clock),
      journal_(store::Journal::open(
          {options.journal_file,
           options.journal_bytes,
           outlets_.context(),
           outlets_.sealed_through()}
      )),
      pipeline_(std::move(options.pipeline), outlets_),
      no_files_why_(std::move(options.no_files_why)),
      clock_steps_(clock),
      inventory_(clock) {
    replay();
}

DataPath::~DataPath() = default;

pipeline::Now DataPath::now() const {
    const BootTime boot = clock_.boot_now();
    return {WallTime(boot + clock_.wall_offset()), boot};
}

// ---- readings in ----

// Room for at least one more record; begins a new journal file when this one is full.
Status DataPath::ensure_room() {
    const bool room = journal_->capacity() - journal_->used_bytes() > store::Journal::kReserve;
    return room && journal_begun_ ? Status() : begin_journal();
}

// Once all that came of its records is in a spool: the pipeline's memory is all that is left.
Status DataPath::begin_journal() {
    outlets_.seal_all();
    outlets_.store(journal_->last());
    if (Status stored = outlets_.all_stored(); !stored) {
        return stored;
    }
    outlets_.seal_history(journal_->last());
    std::string snapshot;
    pipeline_.save(snapshot);
    if (Status begun = journal_->checkpoint(snapshot); !begun) {
        return exhausted("storage full: " + begun.error().message);
    }
    writer_.restart();
    journal_begun_ = true;
    return {};
}

// After ensure_room() only a monster of an event or of a declaration does not fit.
bool DataPath::record(std::string_view record) {
    const bool fits = journal_->append(record);
    if (!fits) {
        writer_.restart();
        log::warn(
            "store", fmt::format("a record of {} bytes is not in the journal", record.size())
        );
    }
    return fits;
}

Result<SeriesId> DataPath::declare(const SeriesInfo& info) {
    if (const auto known = pipeline_.find(info)) {
        return *known;
    }
    // Not for good, unlike too many series.
    if (const Status room = ensure_room(); !room) {
        return unavailable(room.error().message);
    }
    const std::uint64_t known = pipeline_.counters().series;
    auto id = pipeline_.declare(info);
    if (pipeline_.counters().series != known && !record(writer_.write(Declared{info}, now()))) {
        // Records name series by their number: the next one goes behind a snapshot that has it.
        journal_begun_ = false;
    }
    return id;
}

Status DataPath::room_for_reading() {
    Status room = outlets_.has_room();
    return room ? ensure_room() : room;
}

Status DataPath::take(const Reading& reading) {
    if (Status room = room_for_reading(); !room) {
        return room;
    }
    const pipeline::Now now = this->now();
    record(writer_.write(reading, now));
    Status accepted = reading.value
                          ? pipeline_.accept(reading.series, *reading.value, reading.time, now)
                          : pipeline_.accept_lost(reading.series, reading.time, now);
    settle();
    if (accepted && reading.value) {
        followers_.tell(pipeline_.info_of(reading.series), *reading.value, reading.time);
    }
    return accepted;
}

Status DataPath::accept_once(
    SeriesId series, double value, const Occasion& occasion, SampleTime taken
) {
    if (Status room = room_for_reading(); !room) {
        return room;
    }
    const pipeline::Now now = this->now();
    record(writer_.write(Once{series, value, occasion, taken}, now));
    const std::uint64_t repeated = pipeline_counters().repeated;
    Status accepted = pipeline_.accept_once(series, value, occasion, taken, now);
    settle();
    if (accepted && pipeline_counters().repeated == repeated) {
        followers_.tell(
            pipeline_.info_of(series), value, occasion.time ? at_wall(*occasion.time) : taken
        );
    }
    return accepted;
}

Status DataPath::accept(SeriesId series, double value, SampleTime time) {
    return take({series, time, value});
}

Status DataPath::accept_lost(SeriesId series, SampleTime time) {
    return take({series, time, std::nullopt});
}

void DataPath::accept_event(Event event) {
    const pipeline::Now now = this->now();
    if (event.id == EventId{}) {
        event.id = random_event_id();
    }
    if (event.time == SampleTime{}) {
        event.time = at_boot(now.boot);
    }
    // An event that does not fit is still sent if the process lives.
    if (ensure_room()) {
        record(writer_.write(event, now));
    }
    pipeline_.accept_event(std::move(event), now);
    store_soon();
}

void DataPath::turned_away(SeriesId series) {
    ++counters_.readings_turned_away;
    outlets_.note_refused(pipeline_.stream_of(series), pipeline_.outgoing_of(series));
}

// ---- facts out ----

// After each record: what was closed on the way is stored, the rest gets a time to be closed.
void DataPath::settle() {
    if (outlets_.wants_store()) {
        store_soon();
    }
    if (!due_armed_) {
        wake_when_due();
    }
}

void DataPath::store_soon() {
    if (!std::exchange(store_posted_, true)) {
        loop_.post([this] {
            store_posted_ = false;
            outlets_.store(journal_->last());
        });
    }
}

void DataPath::wake_when_due() {
    const auto due = outlets_.next_due();
    due_armed_ = due.has_value();
    if (!due_armed_) {
        return;
    }
    const BootTime wait = std::max(*due - clock_.boot_now(), BootTime(1));
    due_ = loop_.after(wait, [this] {
        outlets_.seal_due();
        outlets_.store(journal_->last());
        wake_when_due();
    });
}

// ---- safety ----

void DataPath::commit(ingest::Durability durability, std::function<void(const Status&)> done) {
    if (durability == ingest::Durability::process && survives_process_) {
        done({});  // accept() has put it into the journal
        return;
    }
    // Group commit: everybody who asks in this turn of the loop shares one transaction.
    waiting_.push_back(std::move(done));
    if (waiting_.size() == 1) {
        loop_.post([this] { (void)flush(false); });
    }
}

Status DataPath::flush(bool windows) {
    if (windows && ensure_room()) {
        const pipeline::Now now = this->now();
        pipeline_.flush(now);
        record(writer_.write(Ticked{true}, now));
    }
    Status stored = waiting_.empty() ? Status() : close_guarded();
    stored = stored ? outlets_.commit(journal_->last()) : stored;
    // What was taken cannot be refused any more: its answer waits until the disk works again.
    if (windows) {
        outlets_.seal_history(journal_->last());
        keep_lasting();
    }
    if (stored || windows) {
        for (const auto& done : std::exchange(waiting_, {})) {
            done(stored);
        }
    }
    return stored;
}

void DataPath::tick() {
    // What was gathered until now and what comes have different offsets.
    if (const auto step = clock_steps_.step()) {
        outlets_.clock_step(*step);
        const auto by = step->after_ms - step->before_ms;
        log::info("clock", fmt::format("the wall clock was set by {} ms", by));
    }
    if (ensure_room()) {
        const pipeline::Now now = this->now();
        const std::uint64_t before = outlets_.facts();
        pipeline_.tick(now);
        if (outlets_.facts() != before) {
            record(writer_.write(Ticked{}, now));
        }
    }
    outlets_.tick(journal_->last());
    if (!waiting_.empty()) {
        (void)flush(false);
    }
    try_files();
    if (clock_.steady_now() >= lasting_again_) {
        keep_lasting();
    }
    tell_storage();
    if (!due_armed_) {
        wake_when_due();
    }
}

DataPathCounters DataPath::counters() const {
    DataPathCounters counters = counters_;
    counters.samples_produced = outlets_.samples();
    counters.events_produced = outlets_.events();
    counters.samples_open = outlets_.samples_open();
    return counters;
}

}  // namespace cxedge::app
