// SPDX-License-Identifier: Apache-2.0
// A reading's way through the agent, in one place:
//   sources -> accept() -> pipeline -> sample() -> batch builder of its stream -> flush() -> spool
// Thread: ingest.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/event_loop.hpp"
#include "agent/ingest/reading_sink.hpp"
#include "agent/pipeline/pipeline.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"

namespace cxedge::app {

struct SealOptions {
    std::chrono::milliseconds age{1000};  // a batch is sealed at the latest after this
    std::size_t samples = 500;
    std::size_t bytes = 16384;  // estimated, before compression
};

struct DataPathCounters {
    std::uint64_t samples_produced = 0;  // handed to batches
    std::uint64_t events_produced = 0;
    std::uint64_t samples_open = 0;  // in batches not yet in the spool
};

class DataPath final : public ingest::ReadingSink, private pipeline::PipelineOutput {
public:
    // References outlive it. corrupt: the spool's series definitions do not parse.
    static Result<std::unique_ptr<DataPath>> make(
        pipeline::PipelineOptions options,
        SealOptions seal,
        store::Spool& spool,
        EventLoop& loop,
        const Clock& clock
    );

    Result<SeriesId> declare(const SeriesInfo& info) override;
    Status accept(SeriesId series, double value, SampleTime time) override;
    Status accept_lost(SeriesId series, SampleTime time) override;
    void accept_event(Event event) override;
    void commit(ingest::Durability durability, std::function<void(const Status&)> done) override;

    // Closes due windows, seals and stores due batches. Call a few times a second.
    void tick();
    // Stores everything gathered so far; open windows too when `windows` is set (shutdown).
    void flush(bool windows);

    [[nodiscard]] const pipeline::PipelineCounters& pipeline_counters() const {
        return pipeline_.counters();
    }
    [[nodiscard]] DataPathCounters counters() const;
    // Why the spool refused last; empty = it accepts.
    [[nodiscard]] const std::string& storage_problem() const { return storage_problem_; }

private:
    struct Open {
        wire::BatchBuilder builder;
        BootTime since{};  // of its first item
    };

    DataPath(
        pipeline::PipelineOptions options,
        SealOptions seal,
        store::Spool& spool,
        EventLoop& loop,
        const Clock& clock,
        wire::Dictionary dictionary
    );
    Result<SeriesId> define(const SeriesInfo& info) override;
    void sample(Stream stream, Sample sample) override;
    void event(Event event) override;

    [[nodiscard]] pipeline::Now now() const;
    Open& opened(Stream stream);
    void store_soon();
    void seal(Stream stream);
    Status store_sealed();
    void storage_failed(const Error& error);
    void storage_well();
    [[nodiscard]] Status storage_status() const;

    SealOptions seal_;
    store::Spool& spool_;
    EventLoop& loop_;
    const Clock& clock_;
    wire::Dictionary dictionary_;
    pipeline::Pipeline pipeline_;
    std::array<Open, kStreamCount> open_;
    std::vector<store::NewBatch> sealed_;  // not yet accepted by the spool
    std::vector<std::function<void(const Status&)>> waiting_;
    bool store_posted_ = false;
    std::string storage_problem_;
    EventId storage_event_{};
    DataPathCounters counters_;
};

}  // namespace cxedge::app
