// SPDX-License-Identifier: Apache-2.0
// Where facts leave for one platform: the sink's filter, its dictionary, its open batches and its
// spool. Thread: ingest.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/gap.hpp"
#include "agent/base/lane.hpp"
#include "agent/base/result.hpp"
#include "agent/model/clock_step.hpp"
#include "agent/model/event.hpp"
#include "agent/model/history.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"
#include "agent/store/spool.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"

namespace cxedge::app {

// When an open batch is closed. A batch worth sending waits for `least`, a small one for `most`:
// the fewer samples, the more of a message is its header.
struct SealOptions {
    std::chrono::milliseconds least{128};
    std::chrono::milliseconds most{640};
    std::chrono::milliseconds offline{5000};    // instead of both while nobody can receive it
    std::size_t worth = 96;                     // samples
    std::size_t samples = 2000;                 // closed at once
    std::size_t bytes = 65536;                  // likewise; estimated, before compression
    std::chrono::milliseconds live_age{60000};  // what was sealed longer ago is sent as late
};

// What a sink gets; everything by default.
struct OutletFilter {
    std::vector<std::string> metrics;  // globs; empty: all
    std::array<bool, kStreamCount> streams{true, true, true, true};
};

class Outlet {
public:
    // Closed batches kept in memory while storage refuses; then readings are refused at the door.
    static constexpr std::size_t kMaxSealed = 16;

    // References outlive it. corrupt: the spool's series definitions do not parse.
    static Result<std::unique_ptr<Outlet>> make(
        SealOptions seal, OutletFilter filter, store::Spool& spool, const Clock& clock
    );

    // The series' id here; empty: filtered out.
    Result<std::optional<SeriesId>> define(const SeriesInfo& info);
    // Whether the filter lets anything of `stream` pass.
    [[nodiscard]] bool takes(Stream stream) const {
        return filter_.streams[static_cast<std::size_t>(stream)];
    }
    // `sample.series` is an id of define().
    void add(Stream stream, Sample sample);
    void add(const Event& event);
    void add(const ClockStep& step);

    // A batch was closed by its size, or there are events: store() now.
    [[nodiscard]] bool wants_store() const { return wants_store_; }
    // Sends samples of the history once more: in a batch of their own that says so (cx.v1.Replay),
    // of stream bulk, on the topic for what is late. exhausted: the spool is full, try later.
    Status replay(const std::vector<ReplayedSample>& samples, std::uint64_t id);
    // Closes the batches that are due.
    void seal_due();
    void seal_all();
    // When seal_due() has something to do, on the boot clock; empty: nothing is open.
    [[nodiscard]] std::optional<BootTime> next_due() const;
    // Closes and stores what is due, and moves to disk what has waited for the commit interval;
    // while offline everything, once in `SealOptions::offline`. Call a few times a second.
    Status tick(std::uint64_t journal_through);
    // Hands closed batches to the spool; `journal_through`: they hold all that came of the journal
    // up to this record. What is refused stays here and is tried again.
    Status store(std::uint64_t journal_through);

    // Journal records up to this one are in batches of `stream`.
    [[nodiscard]] std::uint64_t sealed_through(Stream stream) const {
        return spool_.sealed_through(stream);
    }
    void set_online(bool online);

    // Readings that storage made us refuse, from sources that cannot repeat them.
    void note_refused(Lane lane, std::uint64_t samples) {
        refused_.at(static_cast<std::size_t>(lane)) += samples;
    }
    // Of the closed batches that the spool refuses, keeps the latest `keep`; the others are
    // declared.
    void drop_unstored(std::size_t keep);
    // Declares these once storage accepts again.
    void declare_refused();

    // False: so much waits here that readings must be refused.
    [[nodiscard]] bool has_room() const;
    // Why the spool refused last; empty = it accepts.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] std::uint64_t samples_open() const;
    [[nodiscard]] store::Spool& spool() const { return spool_; }

private:
    struct Open {
        wire::BatchBuilder builder;
        BootTime since{};  // of its first item
    };

    Outlet(
        SealOptions seal,
        OutletFilter filter,
        store::Spool& spool,
        const Clock& clock,
        wire::Dictionary dictionary
    );
    [[nodiscard]] bool takes(const SeriesInfo& info) const;
    Open& opened(Stream stream);
    void seal(Stream stream);
    void seal_begun();
    Status append_each();
    [[nodiscard]] std::chrono::milliseconds patience(const Open& open) const;

    SealOptions seal_;
    OutletFilter filter_;
    store::Spool& spool_;
    const Clock& clock_;
    wire::Dictionary dictionary_;
    std::array<Open, kStreamCount> open_;
    std::vector<store::NewBatch> sealed_;  // not yet accepted by the spool
    std::size_t numbered_ = 0;             // of these: journal_through is decided
    bool wants_store_ = false;
    bool online_ = true;
    BootTime kept_{};  // when all was moved to disk last
    std::string problem_;
    std::array<std::uint64_t, kLaneCount> refused_{};
};

}  // namespace cxedge::app
