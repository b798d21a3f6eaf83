// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sqlite_queue.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "agent/store/batch_row.hpp"

namespace cxedge::store {
namespace {

// Columns of read_entry().
constexpr std::string_view kEntryColumns =
    "position, epoch, seq, sealed_wall_ms, samples, events, length(body), boot, sealed_boot_ms";

LaneLedger::Entry read_entry(const Statement& row) {
    LaneLedger::Entry entry;
    entry.position = from_column(row.integer(0));
    entry.epoch = from_column(row.integer(1));
    entry.seq = from_column(row.integer(2));
    entry.wall_ms = row.integer(3);
    entry.samples = from_column(row.integer(4));
    entry.events = from_column(row.integer(5));
    entry.bytes = from_column(row.integer(6));
    entry.boot = static_cast<std::uint32_t>(row.integer(7));
    entry.sealed_boot_ms = row.integer(8);
    return entry;
}

// Prepares one statement after the other until one fails.
class Preparer {
public:
    explicit Preparer(Database& database) : database_(database) {}

    void operator()(Statement& statement, const std::string& sql) {
        if (!status) {
            return;
        }
        auto prepared = database_.prepare(sql);
        if (prepared) {
            statement = std::move(*prepared);
        } else {
            status = prepared.error();
        }
    }

    Status status;

private:
    Database& database_;
};

Result<std::uint64_t> ask(Statement& statement) {
    const bool found = statement.next();
    const std::uint64_t value = found ? from_column(statement.integer(0)) : 0;
    const Status status = statement.finish();
    return status ? Result<std::uint64_t>(value) : status.error();
}

}  // namespace

Result<SqliteQueue> SqliteQueue::prepare(Database database) {
    SqliteQueue queue(std::move(database));
    Preparer prepare(queue.database_);
    for (std::size_t lane = 0; lane < kLaneTables.size(); ++lane) {
        const std::string_view table = kLaneTables.at(lane);
        LaneStatements& of = queue.lanes_.at(lane);
        prepare(of.insert, insert_row_sql(table));
        prepare(of.select, select_rows_sql(table));
        prepare(
            of.entries,
            fmt::format(
                "SELECT {} FROM {} WHERE position > ?1 ORDER BY position", kEntryColumns, table
            )
        );
        prepare(
            of.erase,
            fmt::format("DELETE FROM {} WHERE position = ?1 RETURNING {}", table, kEntryColumns)
        );
        prepare(
            of.seek,
            fmt::format(
                "SELECT position, epoch, seq FROM {} WHERE position >= ?1 ORDER BY position LIMIT "
                "1",
                table
            )
        );
        prepare(
            of.last,
            fmt::format("SELECT position, epoch, seq FROM {} ORDER BY position DESC LIMIT 1", table)
        );
    }
    prepare(queue.page_count_, "PRAGMA page_count");
    prepare(queue.free_count_, "PRAGMA freelist_count");
    if (!prepare.status) {
        return prepare.status.error();
    }
    const auto page_bytes = queue.database_.query_integer("PRAGMA page_size");
    const auto dead = queue.database_.query_integer("SELECT count(*) FROM dead");
    if (!page_bytes || !dead) {
        return page_bytes ? dead.error() : page_bytes.error();
    }
    queue.page_bytes_ = from_column(*page_bytes);
    queue.dead_letters_ = from_column(*dead);
    const Status measured = queue.measure();
    return measured ? Result<SqliteQueue>(std::move(queue)) : measured.error();
}

Status SqliteQueue::empty_log() {
    auto outcome = database().prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!outcome) {
        return outcome.error();
    }
    const bool done = outcome->next() && outcome->integer(0) == 0;
    Status status = outcome->finish();
    return !status || done ? status : Status(unavailable("the log of queue.db is in use"));
}

Status SqliteQueue::measure() {
    const auto all = ask(page_count_);
    const auto free = ask(free_count_);
    if (!all || !free) {
        return all ? free.error() : all.error();
    }
    free_bytes_ = *free * page_bytes_;
    used_bytes_ = (*all - std::min(*all, *free)) * page_bytes_;
    return {};
}

std::uint64_t SqliteQueue::cost_of(std::uint64_t body_bytes) {
    constexpr std::uint64_t kOverhead = 512;  // the columns, and a share of the tree above
    return body_bytes + body_bytes / 64 + kOverhead;
}

Status SqliteQueue::insert(const StoredBatch& row) {
    const auto lane = lane_of_position(row.position);
    if (!lane) {
        return invalid_argument(fmt::format("position {} belongs to no lane", row.position));
    }
    bind_row(of(*lane).insert, row);
    return of(*lane).insert.run();
}

Status SqliteQueue::erase(std::uint64_t position, std::vector<LaneLedger::Entry>& erased) {
    const auto lane = lane_of_position(position);
    if (!lane) {
        return {};
    }
    Statement& statement = of(*lane).erase;
    statement.bind(1, to_column(position));
    if (statement.next()) {
        erased.push_back(read_entry(statement));
    }
    return statement.finish();
}

Status SqliteQueue::bury(const Burial& burial, std::uint64_t most_bytes) {
    const auto lane = lane_of_position(burial.position);
    if (!lane) {
        return {};
    }
    auto copy = database_.prepare(fmt::format(
        "INSERT INTO dead SELECT NULL, *, ?2, ?3, ?4 FROM {} WHERE position = ?1",
        kLaneTables.at(static_cast<std::size_t>(*lane))
    ));
    if (!copy) {
        return copy.error();
    }
    copy->bind(1, to_column(burial.position))
        .bind(2, std::int64_t{burial.reason})
        .bind(3, std::int64_t{burial.attempts})
        .bind(4, burial.wall_ms);
    Status status = copy->run();
    return status ? trim_dead(most_bytes) : status;
}

Status SqliteQueue::trim_dead(std::uint64_t most_bytes) {
    auto rows = database_.prepare("SELECT id, length(body) FROM dead ORDER BY id DESC");
    if (!rows) {
        return rows.error();
    }
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::int64_t last_to_go = 0;
    while (last_to_go == 0 && rows->next()) {
        bytes += from_column(rows->integer(1));
        const bool fits = count == 0 || (count < kMostDead && bytes <= most_bytes);
        count += fits ? 1 : 0;
        last_to_go = fits ? 0 : rows->integer(0);
    }
    Status status = rows->finish();
    dead_letters_ = count;
    return status && last_to_go != 0
               ? database_.execute(fmt::format("DELETE FROM dead WHERE id <= {}", last_to_go))
               : status;
}

Status SqliteQueue::read(const Range& range, Scan& scan) {
    Statement& rows = of(range.lane).select;
    rows.bind(1, to_column(range.after)).bind(2, to_column(range.end));
    while (scan.good.size() < range.limit && rows.next()) {
        auto row = read_row(rows);
        if (row) {
            scan.good.push_back(std::move(*row));
            continue;
        }
        scan.bad.push_back(from_column(rows.integer(0)));
        scan.gaps.push_back(gap_of(read_loss(rows)));
    }
    return rows.finish();
}

Result<std::vector<LaneLedger::Entry>> SqliteQueue::entries(
    Lane lane, std::uint64_t after, std::size_t limit
) {
    std::vector<LaneLedger::Entry> found;
    Statement& rows = of(lane).entries;
    rows.bind(1, to_column(after));
    while (found.size() < limit && rows.next()) {
        found.push_back(read_entry(rows));
    }
    const Status status = rows.finish();
    return status ? Result<std::vector<LaneLedger::Entry>>(std::move(found)) : status.error();
}

Result<std::optional<LaneLedger::Entry>> SqliteQueue::entry_at(std::uint64_t position) {
    const auto lane = lane_of_position(position);
    if (!lane || position == 0) {
        return std::optional<LaneLedger::Entry>();
    }
    const auto found = entries(*lane, position - 1, 1);
    if (!found) {
        return found.error();
    }
    if (found->empty() || found->front().position != position) {
        return std::optional<LaneLedger::Entry>();
    }
    return std::optional<LaneLedger::Entry>(found->front());
}

Result<std::optional<SqliteQueue::Place>> SqliteQueue::place_of(Statement& row) {
    std::optional<Place> place;
    if (row.next()) {
        place = Place{
            from_column(row.integer(0)), from_column(row.integer(1)), from_column(row.integer(2))};
    }
    const Status status = row.finish();
    return status ? Result<std::optional<Place>>(place) : status.error();
}

Result<std::optional<std::uint64_t>> SqliteQueue::position_of_seq(
    Lane lane, std::uint64_t epoch, std::uint64_t seq
) {
    const auto last = place_of(of(lane).last);
    if (!last) {
        return last.error();
    }
    if (!last->has_value()) {
        return std::optional<std::uint64_t>();
    }
    if (last->value().epoch != epoch) {
        return scan_for_seq(lane, epoch, seq);
    }
    if (last->value().seq < seq) {
        return std::optional<std::uint64_t>();
    }
    return bisect(lane, last->value(), seq);
}

// Numbers of an epoch rise with the positions, and older epochs lie before it.
Result<std::optional<std::uint64_t>> SqliteQueue::bisect(
    Lane lane, const Place& last, std::uint64_t seq
) {
    Statement& seek = of(lane).seek;
    seek.bind(1, std::int64_t{0});
    const auto first = place_of(seek);
    if (!first) {
        return first.error();
    }
    // All rows before `low` are too early; none lies from `high` up to `found`.
    std::uint64_t low = first->has_value() ? first->value().position : last.position;
    std::uint64_t high = last.position;
    std::uint64_t found = last.position;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        seek.bind(1, to_column(middle));
        const auto row = place_of(seek);
        if (!row) {
            return row.error();
        }
        const Place at = row->value_or(last);
        if (at.epoch == last.epoch && at.seq >= seq) {
            found = at.position;
            high = middle;
        } else {
            low = at.position + 1;
        }
    }
    return std::optional<std::uint64_t>(found);
}

Result<std::optional<std::uint64_t>> SqliteQueue::scan_for_seq(
    Lane lane, std::uint64_t epoch, std::uint64_t seq
) {
    if (seq > from_column(std::numeric_limits<std::int64_t>::max())) {
        return std::optional<std::uint64_t>();  // SQLite would take it for a negative number
    }
    auto row = database_.prepare(fmt::format(
        "SELECT position FROM {} WHERE epoch = ?1 AND seq >= ?2 ORDER BY position LIMIT 1",
        kLaneTables.at(static_cast<std::size_t>(lane))
    ));
    if (!row) {
        return row.error();
    }
    row->bind(1, to_column(epoch)).bind(2, to_column(seq));
    std::optional<std::uint64_t> position;
    if (row->next()) {
        position = from_column(row->integer(0));
    }
    const Status status = row->finish();
    return status ? Result<std::optional<std::uint64_t>>(position) : status.error();
}

Result<std::vector<std::uint64_t>> SqliteQueue::seqs(Lane lane, std::uint64_t epoch) {
    auto rows = database_.prepare(fmt::format(
        "SELECT seq FROM {} WHERE epoch = ?1 ORDER BY position",
        kLaneTables.at(static_cast<std::size_t>(lane))
    ));
    if (!rows) {
        return rows.error();
    }
    rows->bind(1, to_column(epoch));
    std::vector<std::uint64_t> found;
    while (rows->next()) {
        found.push_back(from_column(rows->integer(0)));
    }
    const Status status = rows->finish();
    return status ? Result<std::vector<std::uint64_t>>(std::move(found)) : status.error();
}

}  // namespace cxedge::store
