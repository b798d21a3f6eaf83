// SPDX-License-Identifier: Apache-2.0
// A reading's way through the agent, in one place:
//   sources -> accept() -> journal -> pipeline -> sample() -> batch of each outlet -> spool
// What was accepted survives the process: until its batch is in a spool it is in the journal, from
// which make() rebuilds open windows and batches. Thread: ingest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/app/clock_step_watch.hpp"
#include "agent/app/device_inventory.hpp"
#include "agent/app/followers.hpp"
#include "agent/app/intake_log.hpp"
#include "agent/app/outlets.hpp"
#include "agent/app/storage_alarm.hpp"
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

class DataPath final : public ingest::ReadingSink {
public:
    struct Options {
        pipeline::PipelineOptions pipeline;
        std::string journal_file;  // on tmpfs; empty: memory
        std::size_t journal_bytes = 256U << 10U;
        std::string no_files_why{};         // why journal_file is empty
        store::History* history = nullptr;  // null: none is kept
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
    Status accept_once(SeriesId series, double value, const Occasion& occasion, SampleTime taken)
        override;
    Status accept_lost(SeriesId series, SampleTime time) override;
    void accept_event(Event event) override;
    void turned_away(SeriesId series) override;
    void guard(SeriesId series) override { guarded_.insert(series); }
    void commit(ingest::Durability durability, std::function<void(const Status&)> done) override;
    Status keep(std::string_view source, std::string_view bytes) override;
    [[nodiscard]] std::string kept(std::string_view source) const override;
    std::shared_ptr<void> follow(std::string_view metric, OnReading on_reading) override {
        return followers_.add(metric, std::move(on_reading));
    }
    void tell_device(std::string_view source, const DeviceNote& note) override {
        inventory_.tell(source, note);
    }
    [[nodiscard]] std::vector<telemetry::DeviceHealth> devices() const { return inventory_.list(); }

    // Closes due windows and batches, moves what is due to disk. Call a few times a second.
    void tick();
    // Sends what the open windows of these metrics (a glob) hold so far; they go on with the rest.
    // Returns how many series there are of them.
    std::size_t close_windows_of(std::string_view metric);
    // Closes every batch, open windows too when `windows` is set (shutdown), and writes all to
    // disk.
    Status flush(bool windows);
    // Outlet::replay() of the main sink.
    Status replay(const std::vector<ReplayedSample>& samples, std::uint64_t id) {
        return outlets_.replay(samples, id);
    }
    // Whether anybody can receive: closes small batches sooner.
    void set_online(std::size_t outlet, bool online) { outlets_.set_online(outlet, online); }

    [[nodiscard]] const pipeline::PipelineCounters& pipeline_counters() const {
        return pipeline_.counters();
    }
    [[nodiscard]] DataPathCounters counters() const;
    [[nodiscard]] bool journal_in_memory() const { return !journal_->memory_only().empty(); }
    // Why what is accepted, or in batches, would not survive the process; empty: it would.
    [[nodiscard]] std::string memory_problem() const;

private:
    // In the main spool: Pipeline::lasting(), and what a source keeps, before its name.
    static constexpr const char* kLastingFact = "store.occupancy";
    static constexpr const char* kSourceFact = "source.";

    [[nodiscard]] pipeline::Now now() const;
    void replay();
    void apply(const IntakeReader::Record& record);
    [[nodiscard]] std::optional<SeriesId> restored(SeriesId series) const;
    void apply_closed(const Closed& closed, const pipeline::Now& now);
    Status close_guarded();
    Status close_windows(const std::vector<SeriesId>& series);
    Status ensure_room();
    Status begin_journal();
    bool record(std::string_view record);
    Status take(const Reading& reading);
    Status room_for_reading();
    void settle();
    void store_soon();
    void wake_when_due();
    void tell_storage();
    void tell(std::optional<Event> alarm);
    void try_files();
    void keep_lasting();

    Outlets outlets_;
    EventLoop& loop_;
    const Clock& clock_;
    std::unique_ptr<store::Journal> journal_;
    IntakeWriter writer_;
    pipeline::Pipeline pipeline_;
    pipeline::Pipeline::RestoredIds restored_;
    std::set<SeriesId> guarded_;
    std::vector<std::function<void(const Status&)>> waiting_;
    LoopHandle due_;
    bool due_armed_ = false;
    std::string no_files_why_;
    // This process has begun a journal file: ids and numbers in it are of now.
    bool journal_begun_ = false;
    bool store_posted_ = false;
    bool survives_process_ = true;  // else only what is on disk is safe
    StorageAlarm storage_alarm_{"spool"};
    StorageAlarm memory_alarm_{"unsent data"};
    SteadyTime files_again_{};    // when to try again to have files
    SteadyTime lasting_again_{};  // when to keep again what outlasts a reboot
    ClockStepWatch clock_steps_;
    Followers followers_;
    DeviceInventory inventory_;
    DataPathCounters counters_;
};

}  // namespace cxedge::app
