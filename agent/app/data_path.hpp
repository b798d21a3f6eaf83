// SPDX-License-Identifier: Apache-2.0
// A reading's way through the agent, in one place:
//   sources -> accept() -> journal -> pipeline -> sample() -> batch of each outlet -> spool
// What was accepted survives the process: until its batch is in a spool it is in the journal, from
// which make() rebuilds open windows and batches. Thread: ingest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/app/intake_log.hpp"
#include "agent/app/outlet.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/ingest/reading_sink.hpp"
#include "agent/pipeline/pipeline.hpp"
#include "agent/store/journal.hpp"

namespace cxedge::app {

struct DataPathCounters {
    std::uint64_t samples_produced = 0;  // that left the pipeline, also those of a replay
    std::uint64_t events_produced = 0;
    std::uint64_t samples_open = 0;          // in batches not yet in a spool
    std::uint64_t readings_turned_away = 0;  // storage was full
    std::uint64_t replayed = 0;              // journal records of the process before
};

class DataPath final : public ingest::ReadingSink, private pipeline::PipelineOutput {
public:
    struct Options {
        pipeline::PipelineOptions pipeline;
        std::string journal_file;  // on tmpfs; empty: memory
        std::size_t journal_bytes = 256U << 10U;
    };
    // `loop` and `clock` outlive it. Replays what the process before left in the journal.
    DataPath(
        Options options,
        std::vector<std::unique_ptr<Outlet>> outlets,
        EventLoop& loop,
        const Clock& clock
    );
    DataPath(const DataPath&) = delete;
    DataPath& operator=(const DataPath&) = delete;
    ~DataPath() override;

    Result<SeriesId> declare(const SeriesInfo& info) override;
    Status accept(SeriesId series, double value, SampleTime time) override;
    Status accept_lost(SeriesId series, SampleTime time) override;
    void accept_event(Event event) override;
    void turned_away(SeriesId series) override;
    void commit(ingest::Durability durability, std::function<void(const Status&)> done) override;

    // Closes due windows and batches, moves what is due to disk. Call a few times a second.
    void tick();
    // Closes every batch, open windows too when `windows` is set (shutdown), and writes all to
    // disk.
    Status flush(bool windows);
    // Whether anybody can receive: closes small batches sooner.
    void set_online(std::size_t outlet, bool online);

    [[nodiscard]] const pipeline::PipelineCounters& pipeline_counters() const {
        return pipeline_.counters();
    }
    [[nodiscard]] DataPathCounters counters() const;
    // Why readings are turned away; empty: they are not.
    [[nodiscard]] std::string storage_problem() const;

private:
    using Outlets = std::vector<std::unique_ptr<Outlet>>;
    // Ids of one outgoing series, for each outlet.
    using OutletIds = std::vector<std::optional<SeriesId>>;

    Result<SeriesId> define(const SeriesInfo& info) override;
    void sample(Stream stream, Sample sample) override;
    void event(Event event) override;

    [[nodiscard]] pipeline::Now now() const;
    void replay();
    void apply(const IntakeReader::Record& record);
    [[nodiscard]] std::optional<SeriesId> restored(SeriesId series) const;
    [[nodiscard]] bool is_sealed(const Outlet& outlet, Stream stream) const;
    Status ensure_room();
    Status begin_journal();
    void record(std::string_view record);
    Status take(const Reading& reading);
    void settle();
    void store_all();
    void store_soon();
    void wake_when_due();
    void tell_storage();
    void notice_clock_step();
    Status commit_all();

    Outlets outlets_;
    EventLoop& loop_;
    const Clock& clock_;
    std::unique_ptr<store::Journal> journal_;
    IntakeWriter writer_;
    pipeline::Pipeline pipeline_;
    std::vector<OutletIds> ids_;  // by outgoing series
    std::map<SeriesKey, SeriesId> outgoing_;
    pipeline::Pipeline::RestoredIds restored_;
    std::uint64_t replaying_ = 0;  // number of the record; 0: not replaying
    std::uint64_t outputs_ = 0;
    std::vector<std::function<void(const Status&)>> waiting_;
    LoopHandle due_;
    bool due_armed_ = false;
    bool store_posted_ = false;
    std::optional<EventId> storage_event_;
    std::chrono::milliseconds wall_offset_{0};
    DataPathCounters counters_;
};

}  // namespace cxedge::app
