// SPDX-License-Identifier: Apache-2.0
// The second tier: queue.db as statements. Begins no transaction of its own: the spool says what
// belongs together. Thread: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/gap.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/spool.hpp"
#include "agent/store/sqlite_database.hpp"

namespace cxedge::store {

class SqliteQueue {
public:
    static Result<SqliteQueue> prepare(Database database);

    [[nodiscard]] Database& database() { return database_; }
    // Bytes of live pages, asked of the file by measure().
    [[nodiscard]] std::uint64_t used_bytes() const { return used_bytes_; }
    [[nodiscard]] std::uint64_t free_bytes() const { return free_bytes_; }
    [[nodiscard]] std::uint64_t dead_letters() const { return dead_letters_; }
    Status measure();
    // Copies all of the log into the file, syncs that, and truncates the log.
    Status empty_log();
    // What a batch will take of it, nearly.
    static std::uint64_t cost_of(std::uint64_t body_bytes);

    Status insert(const StoredBatch& row);
    // Appends what was deleted to `erased`; an unknown position is nothing.
    Status erase(std::uint64_t position, std::vector<LaneLedger::Entry>& erased);
    // Moves a row to table `dead` and keeps that within `most_rows` and `most_bytes`.
    struct Burial {
        std::uint64_t position = 0;
        std::uint8_t reason = 0;
        std::uint32_t attempts = 0;
        std::int64_t wall_ms = 0;
    };
    Status bury(const Burial& burial, std::uint64_t most_bytes);

    // Rows of a lane with after < position <= end.
    struct Scan {
        std::vector<StoredBatch> good;
        std::vector<std::uint64_t> bad;  // positions whose check sum is wrong
        std::vector<Gap> gaps;           // and what they are
        bool complete = true;            // false: an error ended it early
    };
    struct Range {
        Lane lane = Lane::live;
        std::uint64_t after = 0;
        std::uint64_t end = 0;
        std::size_t limit = 0;
    };
    Status read(const Range& range, Scan& scan);
    // The first `limit` rows of a lane behind `after`, without their bodies.
    Result<std::vector<LaneLedger::Entry>> entries(
        Lane lane, std::uint64_t after, std::size_t limit
    );
    Result<std::optional<LaneLedger::Entry>> entry_at(std::uint64_t position);
    // Of (epoch, lane): the first with a seq >= `seq`.
    Result<std::optional<std::uint64_t>> position_of_seq(
        Lane lane, std::uint64_t epoch, std::uint64_t seq
    );
    // All numbers held of (epoch, lane), rising.
    Result<std::vector<std::uint64_t>> seqs(Lane lane, std::uint64_t epoch);

private:
    struct LaneStatements {
        Statement insert;
        Statement select;
        Statement entries;
        Statement erase;
        Statement seek;
        Statement last;
    };
    // Where a row is, without the rest of it.
    struct Place {
        std::uint64_t position = 0;
        std::uint64_t epoch = 0;
        std::uint64_t seq = 0;
    };
    static constexpr std::uint64_t kMostDead = 256;

    explicit SqliteQueue(Database database) : database_(std::move(database)) {}
    [[nodiscard]] LaneStatements& of(Lane lane) {
        return lanes_.at(static_cast<std::size_t>(lane));
    }
    Status trim_dead(std::uint64_t most_bytes);
    static Result<std::optional<Place>> place_of(Statement& row);
    // By bisection, for the epoch of `last`, the lane's last row, whose seq is >= `seq`.
    Result<std::optional<std::uint64_t>> bisect(Lane lane, const Place& last, std::uint64_t seq);
    Result<std::optional<std::uint64_t>> scan_for_seq(
        Lane lane, std::uint64_t epoch, std::uint64_t seq
    );

    Database database_;
    std::array<LaneStatements, kLaneCount> lanes_;
    Statement page_count_;
    Statement free_count_;
    std::uint64_t page_bytes_ = 512;
    std::uint64_t used_bytes_ = 0;
    std::uint64_t free_bytes_ = 0;
    std::uint64_t dead_letters_ = 0;
};

}  // namespace cxedge::store
