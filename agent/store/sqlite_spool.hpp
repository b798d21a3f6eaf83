// SPDX-License-Identifier: Apache-2.0
// The spool on open, checked databases. spool.cpp opens and repairs; this stores, reads and
// deletes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/queue_file.hpp"
#include "agent/store/spool.hpp"
#include "agent/store/sqlite_database.hpp"
#include "agent/store/state_file.hpp"

namespace cxedge::store {

using LaneLedgers = std::array<LaneLedger, kLaneCount>;

struct SpoolParts {
    UniqueFd lock;
    std::string queue_path;
    StateFile state;
    Database appending;
    Database reading;
    SequenceState sequences;
    QueueMeta meta;
    LaneLedgers ledgers;
    std::uint32_t definitions = 0;  // stored so far
    std::uint64_t max_pages = 0;
    SpoolReport report;
    Declare declare;
};

// Two connections, so that neither thread waits for the other's reading; writers take turns on
// write_mutex_ instead of polling SQLite's file lock.
// Lock order: append_mutex_ or read_mutex_, then write_mutex_, then ledger_mutex_.
class SqliteSpool final : public Spool {
public:
    static Result<std::unique_ptr<Spool>> make(SpoolParts parts);
    explicit SqliteSpool(SpoolParts parts);
    SqliteSpool(const SqliteSpool&) = delete;
    SqliteSpool& operator=(const SqliteSpool&) = delete;
    SqliteSpool(SqliteSpool&&) = delete;
    SqliteSpool& operator=(SqliteSpool&&) = delete;
    // Gives reserved numbers back, so that a clean stop leaves no hole in the sequence.
    ~SqliteSpool() override;

    [[nodiscard]] const SpoolReport& report() const override { return report_; }
    [[nodiscard]] std::uint64_t epoch() const override { return epoch_; }
    [[nodiscard]] std::uint32_t boot() const override { return boot_; }
    Result<std::vector<std::string>> load_definitions() override;
    Status add_definition(std::uint32_t id, std::string_view definition) override;
    Status append(std::vector<NewBatch> batches) override;
    Result<std::vector<StoredBatch>> read(Lane lane, std::uint64_t after, std::size_t limit)
        override;
    Status acknowledge(const std::vector<std::uint64_t>& positions) override;
    Status commit(Move what) override;
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
    Status note_clock(const BootClock& clock) override;
    [[nodiscard]] std::optional<BootClock> boot_clock(std::uint32_t boot) const override;
    [[nodiscard]] WallTime time_floor() const override;
    Status remember(std::string_view key, std::string_view value) override;
    [[nodiscard]] std::string recall(std::string_view key) const override;
    [[nodiscard]] LaneStatus status(Lane lane) const override;
    [[nodiscard]] StorageStatus storage() const override;
    void on_append(std::function<void()> callback) override;

private:
    using LaneNumbers = std::array<std::uint64_t, kLaneCount>;
    // The next numbers to give.
    struct Cursor {
        LaneNumbers seq{};
        std::uint64_t number = 0;
    };
    struct Scan {
        std::vector<StoredBatch> good;
        std::vector<Gap> losses;
        std::vector<std::uint64_t> bad_positions;
    };

    Status prepare();

    // Requires append_mutex_.
    std::vector<StoredBatch> number(std::vector<NewBatch> batches, Cursor& next) const;
    Status reserve(const Cursor& next);
    Status check_quota() const;
    Status insert(const std::vector<StoredBatch>& rows, const QueueMeta& meta, const Cursor& next);
    Status insert_pending_definitions();
    Status store(std::vector<NewBatch> batches);

    // Requires read_mutex_.
    Status scan(std::uint64_t begin, std::uint64_t end, std::size_t limit, Scan& scan);
    Status remove(const std::vector<std::uint64_t>& positions);
    Result<std::optional<StoredBatch>> find(std::uint64_t position);
    Status erase_row(std::uint64_t position, std::vector<LaneLedger::Entry>& erased);
    // Requires write_mutex_ too.
    Status strike(const LaneLedger::Entry& erased);

    // Requires write_mutex_.
    void count_pages(Database& database);
    // An operation that met damage leaves a mark for the next start.
    Status noted(Status status, std::string_view during);

    [[nodiscard]] LaneLedger& ledger(Lane lane) {
        return ledgers_.at(static_cast<std::size_t>(lane));
    }

    const UniqueFd lock_;
    const std::string queue_path_;
    const std::uint64_t epoch_;
    const std::uint32_t boot_;
    const std::uint64_t max_pages_;
    const SpoolReport report_;
    const Declare declare_;
    const std::uint64_t ring_id_;
    std::atomic<std::uint64_t> used_pages_{0};

    std::mutex append_mutex_;  // from here to the next mutex
    StateFile state_;
    Database appending_;
    Statement insert_row_;
    SequenceState sequences_;
    QueueMeta meta_;
    Cursor cursor_;
    std::uint32_t definitions_;
    std::vector<std::string> pending_definitions_;
    std::function<void()> on_append_;

    std::mutex read_mutex_;
    Database reading_;
    Statement select_lane_;
    Statement select_next_;
    Statement delete_row_;

    std::mutex write_mutex_;  // a write transaction is open

    mutable std::mutex ledger_mutex_;
    LaneLedgers ledgers_;
    LaneNumbers next_seq_{};
    std::array<std::uint64_t, kStreamCount> sealed_through_{};
    std::map<std::string, std::string, std::less<>> facts_;
    std::optional<BootClock> clock_;
    WallTime time_floor_{};
};

}  // namespace cxedge::store
