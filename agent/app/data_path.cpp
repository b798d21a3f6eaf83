// SPDX-License-Identifier: Apache-2.0
#include "agent/app/data_path.hpp"

#include <utility>

#include "agent/app/clock_probe.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {
namespace {

// Sealed batches kept in memory while storage refuses; then readings are refused at the door.
constexpr std::size_t kMaxSealed = 64;

constexpr std::array<Stream, kStreamCount> kStreams{
    Stream::event, Stream::kpi, Stream::bulk, Stream::health};

std::size_t slot(Stream stream) {
    return static_cast<std::size_t>(stream);
}

}  // namespace

Result<std::unique_ptr<DataPath>> DataPath::make(
    pipeline::PipelineOptions options,
    SealOptions seal,
    store::Spool& spool,
    EventLoop& loop,
    const Clock& clock
) {
    Result<std::vector<std::string>> definitions = spool.load_definitions();
    if (!definitions) {
        return definitions.error().during("reading series definitions");
    }
    Result<wire::Dictionary> dictionary = wire::Dictionary::restore(*definitions);
    if (!dictionary) {
        return dictionary.error().during("reading series definitions");
    }
    return std::unique_ptr<DataPath>(
        new DataPath(std::move(options), seal, spool, loop, clock, std::move(*dictionary))
    );
}

DataPath::DataPath(
    pipeline::PipelineOptions options,
    SealOptions seal,
    store::Spool& spool,
    EventLoop& loop,
    const Clock& clock,
    wire::Dictionary dictionary
)
    : seal_(seal),
      spool_(spool),
      loop_(loop),
      clock_(clock),
      dictionary_(std::move(dictionary)),
      pipeline_(std::move(options), *this) {}

pipeline::Now DataPath::now() const {
    const BootTime boot = clock_.boot_now();
    return {WallTime(boot + clock_.wall_offset()), boot};
}

Result<SeriesId> DataPath::declare(const SeriesInfo& info) {
    return pipeline_.declare(info);
}

Status DataPath::storage_status() const {
    return sealed_.size() < kMaxSealed ? Status()
                                       : Status(exhausted("storage full: " + storage_problem_));
}

Status DataPath::accept(SeriesId series, double value, SampleTime time) {
    const Status storage = storage_status();
    return storage ? pipeline_.accept(series, value, time, now()) : storage;
}

Status DataPath::accept_lost(SeriesId series, SampleTime time) {
    const Status storage = storage_status();
    return storage ? pipeline_.accept_lost(series, time, now()) : storage;
}

void DataPath::accept_event(Event event) {
    pipeline_.accept_event(std::move(event), now());
}

Result<SeriesId> DataPath::define(const SeriesInfo& info) {
    if (const SeriesId* known = dictionary_.find(info)) {
        return *known;
    }
    // Stored before its first use: a batch in the spool can always be decoded.
    const Status stored = spool_.add_definition(dictionary_.size(), wire::encode_definition(info));
    if (!stored) {
        return stored.error().during("storing the definition of " + to_string(info.key));
    }
    return dictionary_.append(info);
}

DataPath::Open& DataPath::opened(Stream stream) {
    Open& open = open_[slot(stream)];
    if (open.builder.empty()) {
        open.since = clock_.boot_now();
    }
    return open;
}

void DataPath::sample(Stream stream, Sample sample) {
    ++counters_.samples_produced;
    Open& open = opened(stream);
    open.builder.add(std::move(sample));
    if (open.builder.samples() >= seal_.samples || open.builder.estimated_bytes() >= seal_.bytes) {
        seal(stream);
        store_soon();
    }
}

// Events do not wait for company.
void DataPath::event(Event event) {
    ++counters_.events_produced;
    opened(Stream::event).builder.add(std::move(event));
    store_soon();
}

void DataPath::store_soon() {
    if (!std::exchange(store_posted_, true)) {
        loop_.post([this] {
            store_posted_ = false;
            seal(Stream::event);
            static_cast<void>(store_sealed());  // a refusal is kept and reported there
        });
    }
}

void DataPath::commit(ingest::Durability durability, std::function<void(const Status&)> done) {
    if (durability == ingest::Durability::process) {
        done(storage_status());
        return;
    }
    // Group commit: everybody who asks in this turn of the loop shares one transaction.
    waiting_.push_back(std::move(done));
    if (waiting_.size() == 1) {
        loop_.post([this] { flush(false); });
    }
}

void DataPath::seal(Stream stream) {
    Open& open = open_[slot(stream)];
    if (open.builder.empty()) {
        return;
    }
    wire::SealedBody body = open.builder.seal();
    store::NewBatch batch;
    batch.stream = stream;
    batch.samples = body.samples;
    batch.events = body.events;
    batch.dict_size = body.dict_size;
    batch.codec = body.codec;
    batch.sealed_boot_ms = clock_.boot_now().count();
    // A body without boot-based times has no t0 of its own.
    batch.t0_boot_ms = body.t0.count() != 0 ? body.t0.count() : batch.sealed_boot_ms;
    batch.sealed_wall_ms = batch.sealed_boot_ms + clock_.wall_offset().count();
    batch.clock_quality = probe_clock().quality;
    batch.body = std::move(body.bytes);
    sealed_.push_back(std::move(batch));
}

Status DataPath::store_sealed() {
    if (sealed_.empty()) {
        return {};
    }
    Status stored = spool_.append(sealed_);
    if (stored) {
        sealed_.clear();
        storage_well();
    } else {
        storage_failed(stored.error());
    }
    return stored;
}

void DataPath::storage_failed(const Error& error) {
    if (storage_problem_.empty()) {
        storage_event_ = random_event_id();
        log::error("store", error.message);
        Event event;
        event.name = "storage.refused";
        event.severity = Severity::major;
        event.id = storage_event_;
        event.subject = "spool";
        event.text = error.message;
        accept_event(std::move(event));
    }
    storage_problem_ = error.message;
}

void DataPath::storage_well() {
    if (storage_problem_.empty()) {
        return;
    }
    storage_problem_.clear();
    log::info("store", "storage accepts again");
    Event event;
    event.name = "storage.refused";
    event.state = EventState::clear;
    event.id = storage_event_;
    event.subject = "spool";
    event.text = "storage accepts again";
    accept_event(std::move(event));
}

void DataPath::tick() {
    pipeline_.tick(now());
    const BootTime boot = clock_.boot_now();
    for (const Stream stream : kStreams) {
        const Open& open = open_[slot(stream)];
        if (!open.builder.empty() && boot - open.since >= seal_.age) {
            seal(stream);
        }
    }
    static_cast<void>(store_sealed());
}

void DataPath::flush(bool windows) {
    if (windows) {
        pipeline_.flush(now());
    }
    for (const Stream stream : kStreams) {
        seal(stream);
    }
    const Status stored = store_sealed();
    for (const auto& done : std::exchange(waiting_, {})) {
        done(stored);
    }
}

DataPathCounters DataPath::counters() const {
    DataPathCounters counters = counters_;
    for (const Open& open : open_) {
        counters.samples_open += open.builder.samples();
    }
    for (const store::NewBatch& batch : sealed_) {
        counters.samples_open += batch.samples;
    }
    return counters;
}

}  // namespace cxedge::app
