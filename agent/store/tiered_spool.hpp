// SPDX-License-Identifier: Apache-2.0
// The spool on open, checked files (spool.cpp opens them): the ring in front, queue.db behind it.
//   tiered_spool.cpp      what callers ask: append, read, acknowledge
//   flash_transaction.cpp the one way in which queue.db is changed
//   spool_limits.cpp      quota, age, disk
//   spool_repair.cpp      damage while running
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"
#include "agent/store/disk_room.hpp"
#include "agent/store/node_state.hpp"
#include "agent/store/queue_opening.hpp"
#include "agent/store/sealed_ring.hpp"
#include "agent/store/spool.hpp"
#include "agent/store/sqlite_queue.hpp"

namespace cxedge::store {

struct SpoolParts {
    UniqueFd lock;
    std::unique_ptr<NodeState> state;
    OpenedQueue queue;
    SealedRing ring;
    std::vector<std::string> definitions;  // of the queue, then of the ring
    SequenceState sequences;
    SpoolReport report;
    std::vector<Gap> gaps;  // to be declared
};

// Lock order: disk_mutex_ (files; held through a transaction), then books_mutex_ (memory; held
// briefly). A batch is in the ring or in the queue's ledger, and changes its place under both.
class TieredSpool final : public Spool {
public:
    TieredSpool(const SpoolOptions& options, const Clock& clock, SpoolParts parts);
    TieredSpool(const TieredSpool&) = delete;
    TieredSpool& operator=(const TieredSpool&) = delete;
    TieredSpool(TieredSpool&&) = delete;
    TieredSpool& operator=(TieredSpool&&) = delete;
    ~TieredSpool() override;

    [[nodiscard]] const SpoolReport& report() const override { return report_; }
    [[nodiscard]] std::uint64_t epoch() const override { return epoch_; }
    [[nodiscard]] std::uint32_t boot() const override { return boot_; }
    Status add_definition(std::uint32_t id, std::string_view definition) override;
    [[nodiscard]] std::vector<std::string> definitions() const override;
    std::vector<std::string> committed_definitions() override;
    Status append(std::vector<NewBatch> batches) override;
    Status commit(Move what) override;
    Result<std::vector<StoredBatch>> read(Lane lane, std::uint64_t after, std::size_t limit)
        override;
    Status acknowledge(const std::vector<std::uint64_t>& positions) override;
    Result<Delivered> acknowledge_through(Lane lane, std::uint64_t epoch, std::uint64_t seq)
        override;
    Result<std::optional<std::uint64_t>> position_of_seq(
        Lane lane, std::uint64_t epoch, std::uint64_t seq
    ) override;
    Status bury(std::uint64_t position, std::uint8_t reason, std::uint32_t attempts) override;
    Status split(std::uint64_t position, std::vector<NewBatch> parts) override;
    Status declare(const Declaration& declaration) override;
    [[nodiscard]] std::uint64_t sealed_through(Stream stream) const override;
    [[nodiscard]] std::uint64_t ring_id() const override { return ring_id_; }
    Status note_clock(const BootClock& clock) override { return state_->note_clock(boot_, clock); }
    [[nodiscard]] std::optional<BootClock> boot_clock(std::uint32_t boot) const override {
        return state_->boot_clock(boot);
    }
    [[nodiscard]] BootBounds boot_bounds(std::uint32_t boot) const override {
        return state_->boot_bounds(boot);
    }
    [[nodiscard]] WallTime time_floor() const override { return state_->time_floor(); }
    Status remember(std::string_view key, std::string_view value) override {
        return state_->remember(key, value);
    }
    [[nodiscard]] std::string recall(std::string_view key) const override {
        return state_->recall(key);
    }
    [[nodiscard]] LaneStatus status(Lane lane) const override;
    [[nodiscard]] StorageStatus storage() const override;
    void on_append(std::function<void()> callback) override;

private:
    using LaneNumbers = std::array<std::uint64_t, kLaneCount>;
    using Entries = std::vector<LaneLedger::Entry>;

    // One change of queue.db.
    struct Change {
        std::array<bool, kLaneCount> move{};  // lanes whose part of the ring goes along
        bool limited = false;                 // moves only what the quota has room for
        std::vector<std::uint64_t> remove;
        std::optional<SqliteQueue::Burial> burial;
        std::vector<NewBatch> add;  // new numbers, at the end of their lanes; those lanes move
    };
    struct Pinned {  // an entry of the ring under way
        std::uint64_t position = 0;
        std::uint64_t bytes = 0;
    };
    // What a change does, once numbered and pinned.
    struct Work {
        std::vector<Pinned> moved;
        std::vector<StoredBatch> added;
        Entries inserted;
        Entries erased;
        Entries counted_out;            // of these, for the first time
        std::size_t erased_before = 0;  // length of the ring's list
        std::uint32_t definitions = 0;  // known when it was begun
        bool refused = false;           // the quota left some in the ring
        bool idle = false;              // there was nothing to do
        bool ended = false;             // COMMIT was tried
    };

    static std::size_t index(Lane lane) { return static_cast<std::size_t>(lane); }

    // Require books_mutex_.
    std::vector<StoredBatch> number(std::vector<NewBatch> batches);
    void give_back(const std::vector<StoredBatch>& rows, bool spent);
    [[nodiscard]] bool numbers_left(std::uint64_t count) const;
    [[nodiscard]] bool has_work(Move what, SteadyTime now) const;
    [[nodiscard]] bool lacks_definitions(Lane lane) const;
    [[nodiscard]] bool is_due(const SealedRing::Entry& entry) const;
    void read_ring(Lane lane, std::uint64_t after, std::size_t limit, SqliteQueue::Scan& found);
    void declare_damage(const std::vector<Gap>& gaps);
    [[nodiscard]] std::vector<RingDefinition> definitions_for_ring(
        const std::vector<NewBatch>& batches
    ) const;
    [[nodiscard]] std::uint64_t first_held(Lane lane, std::uint64_t epoch, std::uint64_t otherwise)
        const;
    std::vector<std::uint64_t> release_from_ring(const std::vector<std::uint64_t>& positions);

    // Take the locks they need.
    void tell_appended();
    Status prepare_append(const std::vector<NewBatch>& batches);
    bool append_to_ring(std::vector<NewBatch>& batches);  // false: `batches` is as it was
    Status append_to_full(std::vector<NewBatch>& batches);
    Status reserve_numbers();
    [[nodiscard]] bool holds_old(Lane lane, std::chrono::milliseconds limit) const;

    // Require disk_mutex_.
    void store_definitions();
    Status commit_now(Move what);
    Status move_ring(Move what);
    Status delete_through(Lane lane, std::uint64_t epoch, std::uint64_t seq, Delivered& delivered);
    Status transact(const Change& change, Work& work);
    void begin_work(const Change& change, Work& work);
    void pin_lane(Lane lane, const Change& change, Work& work, std::uint64_t& used);
    Status run(const Change& change, Work& work);
    Status insert_moved(Work& work);
    Status insert_definitions(Work& work);
    Status remove_rows(const Change& change, Work& work);
    void finish_work(Work& work);
    void abandon_work(const Work& work, const Status& failure);
    void count_flash(const Entries& entries, bool more);
    Status sync_what_was_found();
    void make_room_for_erased(std::size_t count);
    void count_out_erased(Work& work);       // requires books_mutex_
    void count_out(const Entries& entries);  // likewise
    Entries settle_doubtful(SqliteQueue& queue);
    [[nodiscard]] bool was_committed(const Work& work);
    void release_moved(const Work& work);  // requires books_mutex_
    void strike(const Entries& erased);
    void renew_oldest(const LaneLedger::Entry& erased);
    Status change_flash(const Change& change, std::string_view during);
    Status change_flash(const Change& change, Work& work, std::string_view during);
    Result<std::optional<LaneLedger::Entry>> fetch_flash_entry(std::uint64_t position);
    Result<SqliteQueue::Scan> read_flash(const SqliteQueue::Range& range);
    Status flash_usable();
    void failed(const Error& error);
    void worked();
    Status room_for(const Change& change);
    bool recover(const Error& error, bool grows);
    bool make_room();
    Status reopen(bool suspect);
    void forget_deleted(OpenedQueue& opened, std::array<Holding, kLaneCount>& held);
    void promise_what_is_there();  // requires books_mutex_
    void rescue_open_file();
    void take_over(OpenedQueue opened);
    void release_what_is_stored();
    void release_stored_of(Lane lane);
    void probe();
    void do_chores(SteadyTime now);
    void check_files();
    void flush_pending();
    void enforce_limits();
    void drop_old(Lane lane);
    void drop_run(Lane lane, GapCause cause, std::uint64_t bytes);
    Status drop(Lane lane, const Entries& run, GapCause cause);
    [[nodiscard]] bool is_old(const LaneLedger::Entry& entry, std::chrono::milliseconds limit)
        const;
    void note_level();

    const SpoolOptions options_;
    const Clock& clock_;
    const UniqueFd lock_;
    const DatabasePlace place_;
    const std::uint64_t epoch_;
    const std::uint32_t boot_;
    const std::uint64_t ring_id_;
    const SpoolReport report_;
    const std::unique_ptr<NodeState> state_;

    std::mutex disk_mutex_;  // from here to the next mutex
    std::optional<SqliteQueue> queue_;
    FileIdentity identity_;
    QueueMeta meta_;
    DiskRoom disk_;
    SteadyTime retry_at_{};
    bool refused_ = false;  // the quota leaves batches in the ring
    std::deque<std::pair<SteadyTime, std::uint64_t>> usage_;

    mutable std::mutex books_mutex_;
    SealedRing ring_;
    LaneLedgers ledgers_;
    LaneNumbers floor_{};
    std::vector<std::string> definitions_;
    std::uint32_t stored_definitions_ = 0;
    Entries doubtful_;     // counted out by a COMMIT of which nobody knows whether it was done
    Declaration pending_;  // to be declared as soon as something takes it
    std::optional<Error> failure_;
    bool unsynced_ = false;  // a sync failed since the last that is known to be good
    StorageStatus storage_;
    SteadyTime chores_at_{};

    std::mutex wake_mutex_;  // also while it is called
    std::function<void()> on_append_;
};

}  // namespace cxedge::store
