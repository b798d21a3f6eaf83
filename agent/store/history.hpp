// SPDX-License-Identifier: Apache-2.0
// What the box remembers of itself: every sample and event for weeks, on the box, in history.db,
// within a quota of its own, coarser with age (raw, 1 min, 15 min, 1 h) and with exact sums and
// counts at every level. Delivery never waits for it and never depends on it.
//
// ingest: add() -> slice in memory -> seal() -> stash on tmpfs, survives the process
// control: work() -> one commit an interval, survives power cuts -> older rows become coarser
// Layout and costs: README.md in this folder; why so: decision 0013.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/store/history_file.hpp"
#include "agent/store/history_merge.hpp"
#include "agent/store/history_slice.hpp"
#include "agent/store/history_stash.hpp"

namespace cxedge::store {

struct HistoryOptions {
    std::string directory;   // holds history.db
    std::string vfs;         // SQLite VFS by name; empty: the default
    std::string stash_file;  // on tmpfs; empty: the end of the process takes what is not committed
    // What journal numbers refer to (seal()); the stash of another context knows none.
    std::string context;
    std::uint32_t boot = 0;                  // boot counter, > 0
    std::uint64_t quota_bytes = 64U << 20U;  // live pages of history.db
    // What a power cut can take.
    std::chrono::milliseconds commit_interval{600000};
    // When rows become coarser: raw, minutes, quarters of an hour; when hours and events go.
    std::array<std::chrono::milliseconds, 3> ages{
        std::chrono::hours(48), std::chrono::hours(168), std::chrono::hours(720)};
    std::chrono::milliseconds keep{std::chrono::hours(24 * 90)};
    std::size_t raw_per_minute = 60;
};

struct HistoryStatus {
    std::uint64_t used_bytes = 0;
    std::uint64_t quota_bytes = 0;
    std::uint64_t dropped = 0;   // samples and events that found no room, since start
    std::int64_t oldest_ms = 0;  // UTC; 0: nothing is kept
    std::string problem;         // empty: well; says what to do
};

struct HistoryRead {
    std::vector<std::uint32_t> series;  // as each_series() numbers them, rising
    std::int64_t from_ms = 0;           // from_ms < at <= to_ms
    std::int64_t to_ms = 0;
    std::int64_t step_ms = 0;  // finer cells become cells of this step; 0: as they are kept
};

class History {
public:
    // Never fails: what is wrong with files shows in status(). `clock` outlives it. Reads the
    // stash, not the disk: that waits for work().
    History(HistoryOptions options, const Clock& clock);
    History(const History&) = delete;
    History& operator=(const History&) = delete;
    ~History();

    // ---- thread: ingest ----
    // Number of a series for add(), valid for this object's life; the same text, the same number.
    std::uint32_t define(std::string_view definition);
    void add(std::uint32_t series, HistoryStamp when, double value);
    void add_lost(std::uint32_t series, HistoryStamp when);
    void add(std::uint32_t series, HistoryStamp when, HistoryCell cell);
    void add_event(HistoryStamp when, std::string_view bytes);
    // What came of journal records up to this one was sealed by the process before.
    [[nodiscard]] std::uint64_t sealed_through() const;
    // It is time to seal: a commit is due, or much was gathered.
    [[nodiscard]] bool wants_seal();
    // What was added so far survives the process. `through`: it is of journal records up to this.
    void seal(std::uint64_t through);

    // ---- thread: control ----
    // Once a second. `clock_quality`: cx.v1.Clock.quality; ages count only with a synchronised one.
    void work(std::uint32_t clock_quality);
    // Writes what is sealed, now.
    Status commit(std::uint32_t clock_quality);
    // Series that are known, also without a cell left. Definitions are as define() got them.
    Status each_series(const std::function<void(std::uint32_t, std::string_view)>& take);
    // Series by series, each in order of time. What is not committed yet is there too.
    Status read(
        const HistoryRead& query,
        const std::function<void(std::uint32_t series, const HistoryCell&)>& take
    );
    // In order of time, from_ms < at <= to_ms.
    struct StoredEvent {
        std::int64_t at_ms = 0;
        std::string bytes;
    };
    Result<std::vector<StoredEvent>> events(std::int64_t from_ms, std::int64_t to_ms);
    // Lines about damaged files since the last call, each worth an event.
    std::vector<std::string> take_repairs();

    // Thread: any.
    [[nodiscard]] HistoryStatus status() const;

private:
    using Slices = std::vector<StashedSlice>;
    using Ids = std::vector<std::uint32_t>;

    [[nodiscard]] std::int64_t offset_ms() const { return clock_.wall_offset().count(); }
    [[nodiscard]] std::int64_t now_ms() const;
    void adopt(HistoryStash stash);
    void drop_overflow();
    void write_stash();

    Status open();
    Status trouble(const Status& status);
    void tell_problem(const std::string& problem);
    Status drop_written();
    [[nodiscard]] Slices sealed() const;
    Slices sealed_and_open();
    void map_ids();
    Status write(const Slices& slices, std::uint32_t quality);
    Status write_definitions();
    Status write_group(const Slices& slices, bool device, std::uint32_t quality);
    Status write_events(const Slices& slices, bool device, std::uint32_t quality);
    Status write_events_of(const StashedSlice& slice, bool device, std::uint32_t quality);
    void add_inputs(const StashedSlice& slice, bool device, std::vector<MergeInput>& inputs) const;
    [[nodiscard]] bool commits_at(SteadyTime now);
    [[nodiscard]] std::int64_t moved_by(const StashedSlice& slice, bool device) const;
    Status insert_all(const HistoryRow& like, std::vector<SealedChunk> chunks);
    void forget_written(const Slices& slices);
    Status note_clock(std::uint32_t quality);
    [[nodiscard]] Status check_disk() const;
    Status clear_damaged();

    Result<bool> grow_old();
    Status make_room(std::uint64_t bytes);
    Result<bool> make_some_room();
    Result<bool> coarsen(HistoryLevel level, std::int64_t older_than_ms);
    Result<bool> drop_oldest(HistoryLevel level, std::int64_t older_than_ms);
    Status rewrite(const std::vector<HistoryRow>& rows, HistoryLevel level);
    Status measure();

    HistoryOptions options_;
    const Clock& clock_;
    DatabasePlace place_;

    // What both threads touch.
    mutable std::mutex mutex_;
    HistorySlice slice_;
    std::uint64_t items_ = 0;              // in slice_
    Slices pending_;                       // sealed, not yet in the file
    std::deque<std::string> definitions_;  // by number of define()
    HistoryStatus status_;
    bool seal_asked_ = false;
    std::uint64_t run_ = 0;
    std::uint64_t last_number_ = 0;
    std::uint64_t sealed_through_ = 0;

    // Ingest's own.
    std::unordered_map<std::string_view, std::uint32_t> known_;  // views of definitions_

    // Control's own.
    std::optional<HistoryFile> file_;
    std::unordered_map<std::uint64_t, std::uint32_t> stored_by_hash_;  // of the text
    std::uint32_t next_stored_ = 0;
    Ids stored_ids_;  // by number of define(): its id in the file
    Ids unsaved_;     // numbers whose definition is not in the file yet
    SteadyTime open_again_{};
    SteadyTime commit_due_{};
    SteadyTime commit_again_{};  // sooner, because much waits
    SteadyTime ages_due_{};
    std::optional<std::int64_t> corrected_offset_ms_;
    std::vector<std::string> repairs_;
};

}  // namespace cxedge::store
