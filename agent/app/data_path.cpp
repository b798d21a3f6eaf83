// SPDX-License-Identifier: Apache-2.0
#include "agent/app/data_path.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/base/log.hpp"

namespace cxedge::app {
namespace {

// A smaller move of the wall clock is the time service's slewing.
constexpr std::chrono::milliseconds kClockStep{500};

// Boot times mean nothing after a reboot, record numbers nothing to another ring.
std::string journal_context(const std::vector<std::unique_ptr<Outlet>>& outlets) {
    std::string context = "1";
    for (const auto& outlet : outlets) {
        context += fmt::format(":{}:{:x}", outlet->spool().boot(), outlet->spool().ring_id());
    }
    return context;
}

}  // namespace

DataPath::DataPath(
    Options options,
    std::vector<std::unique_ptr<Outlet>> outlets,
    EventLoop& loop,
    const Clock& clock
)
    : outlets_(std::move(outlets)),
      loop_(loop),
      clock_(clock),
      journal_(store::Journal::open(
          {options.journal_file, options.journal_bytes, journal_context(outlets_)}
      )),
      pipeline_(std::move(options.pipeline), *this),
      wall_offset_(clock.wall_offset()) {
    replay();
}

DataPath::~DataPath() = default;

pipeline::Now DataPath::now() const {
    const BootTime boot = clock_.boot_now();
    return {WallTime(boot + clock_.wall_offset()), boot};
}

// ---- what the process before left ----

void DataPath::replay() {
    if (!journal_->problem().empty()) {
        log::warn("store", journal_->problem());
    }
    auto restored = pipeline_.restore(journal_->snapshot());
    if (restored) {
        restored_ = std::move(*restored);
    } else if (!journal_->snapshot().empty()) {
        log::error("store", restored.error().message);
    }
    IntakeReader reader;
    journal_->replay([&](std::uint64_t number, std::string_view record) {
        replaying_ = number;
        if (const auto read = reader.read(record)) {
            ++counters_.replayed;
            apply(*read);
        }
    });
    replaying_ = 0;
    restored_.clear();
    if (counters_.replayed > 0) {
        log::info("store", fmt::format("{} readings and events went on", counters_.replayed));
    }
    // Records of now go into a file of now: ids may have changed with the configuration.
    if (const Status begun = begin_journal(); !begun) {
        log::error("store", begun.error().message);
    }
}

std::optional<SeriesId> DataPath::restored(SeriesId series) const {
    return index_of(series) < restored_.size() ? restored_[index_of(series)] : std::nullopt;
}

void DataPath::apply(const IntakeReader::Record& record) {
    if (const auto* declared = std::get_if<Declared>(&record.intake)) {
        const auto id = pipeline_.declare(declared->info);
        restored_.push_back(id ? std::optional(*id) : std::nullopt);
    } else if (const auto* reading = std::get_if<Reading>(&record.intake)) {
        const auto series = restored(reading->series);
        // What the pipeline refused then, it refuses now.
        if (series && reading->value) {
            (void)pipeline_.accept(*series, *reading->value, reading->time, record.now);
        } else if (series) {
            (void)pipeline_.accept_lost(*series, reading->time, record.now);
        }
    } else if (const auto* event = std::get_if<Event>(&record.intake)) {
        pipeline_.accept_event(*event, record.now);
    } else if (std::get<Ticked>(record.intake).flush) {
        pipeline_.flush(record.now);
    } else {
        pipeline_.tick(record.now);
    }
}

// ---- readings in ----

// Room for at least one more record; begins a new journal file when this one is full.
Status DataPath::ensure_room() {
    const bool room = journal_->capacity() - journal_->used_bytes() > store::Journal::kReserve;
    return room ? Status() : begin_journal();
}

// Once all that came of its records is in a spool: the pipeline's memory is all that is left.
Status DataPath::begin_journal() {
    std::for_each(outlets_.begin(), outlets_.end(), [](auto& outlet) { outlet->seal_all(); });
    store_all();
    for (const auto& outlet : outlets_) {
        if (!outlet->problem().empty()) {
            return exhausted("storage full: " + outlet->problem());
        }
    }
    std::string snapshot;
    pipeline_.save(snapshot);
    if (Status begun = journal_->checkpoint(snapshot); !begun) {
        return exhausted("storage full: " + begun.error().message);
    }
    writer_.restart();
    return {};
}

// After ensure_room() only a monster of an event or of a declaration does not fit.
void DataPath::record(std::string_view record) {
    if (!journal_->append(record, true)) {
        writer_.restart();
        log::warn(
            "store", fmt::format("a record of {} bytes is not in the journal", record.size())
        );
    }
}

Result<SeriesId> DataPath::declare(const SeriesInfo& info) {
    if (const Status room = ensure_room(); !room) {
        return room.error();
    }
    const std::uint64_t known = pipeline_.counters().series;
    auto id = pipeline_.declare(info);
    if (pipeline_.counters().series != known) {
        record(writer_.write(Declared{info}, now()));
    }
    return id;
}

Status DataPath::take(const Reading& reading) {
    for (const auto& outlet : outlets_) {
        if (!outlet->has_room()) {
            return exhausted("storage full: " + outlet->problem());
        }
    }
    if (Status room = ensure_room(); !room) {
        return room;
    }
    const pipeline::Now now = this->now();
    record(writer_.write(reading, now));
    Status accepted = reading.value
                          ? pipeline_.accept(reading.series, *reading.value, reading.time, now)
                          : pipeline_.accept_lost(reading.series, reading.time, now);
    settle();
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
    const Lane lane = lane_of(pipeline_.stream_of(series));
    std::for_each(outlets_.begin(), outlets_.end(), [&](auto& outlet) {
        outlet->note_refused(lane);
    });
}

// ---- facts out ----

Result<SeriesId> DataPath::define(const SeriesInfo& info) {
    if (const auto known = outgoing_.find(info.key); known != outgoing_.end()) {
        return known->second;
    }
    OutletIds ids;
    for (const auto& outlet : outlets_) {
        auto id = outlet->define(info);
        if (!id) {
            return id.error();
        }
        ids.push_back(*id);
    }
    const auto id = SeriesId{static_cast<std::uint32_t>(ids_.size())};
    ids_.push_back(std::move(ids));
    outgoing_.emplace(info.key, id);
    return id;
}

// In a replay: what is in a batch already.
bool DataPath::is_sealed(const Outlet& outlet, Stream stream) const {
    return replaying_ != 0 && replaying_ <= outlet.sealed_through(stream);
}

void DataPath::sample(Stream stream, Sample sample) {
    ++outputs_;
    bool counted = false;
    const OutletIds& ids = ids_[index_of(sample.series)];
    for (std::size_t i = 0; i < outlets_.size(); ++i) {
        if (!ids[i] || is_sealed(*outlets_[i], stream)) {
            continue;
        }
        counters_.samples_produced += std::exchange(counted, true) ? 0U : 1U;
        Sample own = i + 1 == outlets_.size() ? std::move(sample) : sample;
        own.series = *ids[i];
        outlets_[i]->add(stream, std::move(own));
    }
}

void DataPath::event(Event event) {
    ++outputs_;
    bool counted = false;
    for (const auto& outlet : outlets_) {
        if (!is_sealed(*outlet, Stream::event)) {
            counters_.events_produced += std::exchange(counted, true) ? 0U : 1U;
            outlet->add(event);
        }
    }
}

// After each record: what was closed on the way is stored, the rest gets a time to be closed.
void DataPath::settle() {
    const bool full = std::any_of(outlets_.begin(), outlets_.end(), [](const auto& outlet) {
        return outlet->wants_store();
    });
    if (full) {
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
            store_all();
        });
    }
}

void DataPath::store_all() {
    for (const auto& outlet : outlets_) {
        (void)outlet->store(journal_->last());  // a refusal is kept there and told by tick()
    }
}

void DataPath::wake_when_due() {
    std::optional<BootTime> due;
    for (const auto& outlet : outlets_) {
        if (const auto next = outlet->next_due()) {
            due = due ? std::min(*due, *next) : *next;
        }
    }
    due_armed_ = due.has_value();
    if (!due_armed_) {
        return;
    }
    const BootTime wait = std::max(*due - clock_.boot_now(), BootTime(1));
    due_ = loop_.after(wait, [this] {
        for (const auto& outlet : outlets_) {
            outlet->seal_due();
        }
        store_all();
        wake_when_due();
    });
}

// ---- safety ----

void DataPath::commit(ingest::Durability durability, std::function<void(const Status&)> done) {
    if (durability == ingest::Durability::process) {
        done({});  // accept() has put it into the journal
        return;
    }
    // Group commit: everybody who asks in this turn of the loop shares one transaction.
    waiting_.push_back(std::move(done));
    if (waiting_.size() == 1) {
        loop_.post([this] { (void)flush(false); });
    }
}

Status DataPath::commit_all() {
    Status all;
    for (const auto& outlet : outlets_) {
        outlet->seal_all();
        Status stored = outlet->store(journal_->last());
        stored = stored ? outlet->spool().commit(store::Spool::Move::all) : stored;
        all = all ? stored : all;
    }
    return all;
}

Status DataPath::flush(bool windows) {
    if (windows && ensure_room()) {
        const pipeline::Now now = this->now();
        pipeline_.flush(now);
        record(writer_.write(Ticked{true}, now));
    }
    Status stored = commit_all();
    for (const auto& done : std::exchange(waiting_, {})) {
        done(stored);
    }
    return stored;
}

// The wall clock was set: what was gathered until now and what comes have different offsets.
void DataPath::notice_clock_step() {
    const std::chrono::milliseconds offset = clock_.wall_offset();
    const std::chrono::milliseconds step = offset - std::exchange(wall_offset_, offset);
    if (step < kClockStep && step > -kClockStep) {
        return;
    }
    const BootTime boot = clock_.boot_now();
    const ClockStep said{at_boot(boot), (boot + offset - step).count(), (boot + offset).count()};
    for (const auto& outlet : outlets_) {
        outlet->seal_all();
        outlet->add(said);
    }
    log::info("clock", fmt::format("the wall clock was set by {} ms", step.count()));
}

void DataPath::tick() {
    notice_clock_step();
    if (ensure_room()) {
        const pipeline::Now now = this->now();
        const std::uint64_t before = outputs_;
        pipeline_.tick(now);
        if (outputs_ != before) {
            record(writer_.write(Ticked{}, now));
        }
    }
    for (const auto& outlet : outlets_) {
        (void)outlet->tick(journal_->last());  // tell_storage() has the reasons
    }
    tell_storage();
    if (!due_armed_) {
        wake_when_due();
    }
}

std::string DataPath::storage_problem() const {
    for (const auto& outlet : outlets_) {
        const store::StorageStatus status = outlet->spool().storage();
        if (status.mode != store::StorageMode::normal) {
            return status.problem;
        }
        if (!outlet->problem().empty()) {
            return outlet->problem();
        }
    }
    return {};
}

// One event from raise to clear, however often storage is asked in between.
void DataPath::tell_storage() {
    const std::string problem = storage_problem();
    if (problem.empty() == !storage_event_) {
        return;
    }
    Event event;
    event.name = "storage.refused";
    event.subject = "spool";
    event.id = storage_event_.value_or(random_event_id());
    event.severity = problem.empty() ? Severity::info : Severity::major;
    event.state = problem.empty() ? EventState::clear : EventState::raise;
    event.text = problem.empty() ? "storage accepts again" : problem;
    storage_event_ = problem.empty() ? std::nullopt : std::optional(event.id);
    log::write(problem.empty() ? log::Level::info : log::Level::error, "store", event.text);
    accept_event(std::move(event));
}

void DataPath::set_online(std::size_t outlet, bool online) {
    outlets_.at(outlet)->set_online(online);
}

DataPathCounters DataPath::counters() const {
    DataPathCounters counters = counters_;
    for (const auto& outlet : outlets_) {
        counters.samples_open += outlet->samples_open();
    }
    return counters;
}

}  // namespace cxedge::app
