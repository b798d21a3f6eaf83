// SPDX-License-Identifier: Apache-2.0
#include "agent/store/salvage.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "agent/store/batch_row.hpp"
#include "agent/store/database_file.hpp"
#include "agent/store/queue_file.hpp"

namespace cxedge::store {
namespace {

// The agent must come up: systemd gives a start 90 seconds.
constexpr std::chrono::seconds kSalvageBudget{20};
// Bounds the -wal file that one transaction makes.
constexpr std::size_t kRowsPerTransaction = 256;

constexpr int kJumps = 40;

// Appends the positions that a query yields until its end (true) or damage.
bool collect(Database& database, const std::string& sql, std::vector<std::uint64_t>& positions) {
    auto rows = database.prepare(sql);
    while (rows && rows->next()) {
        positions.push_back(from_column(rows->integer(0)));
    }
    return rows && rows->finish().ok();
}

// Walks the table from both ends, and from ever further behind each damaged place, so that a bad
// page does not hide what lies behind it. Keys only: a damaged body does not end a walk.
std::vector<std::uint64_t> find_positions(Database& damaged, std::string_view table) {
    std::vector<std::uint64_t> positions;
    const std::string all = fmt::format("SELECT position FROM {} ", table);
    collect(damaged, all + "ORDER BY position DESC", positions);
    const std::uint64_t end = positions.empty() ? 0 : positions.back();
    std::uint64_t from = 0;
    std::uint64_t step = 1;
    for (int jumps = 0; jumps < kJumps && (end == 0 || from < end); ++jumps) {
        const std::size_t before = positions.size();
        const auto sql = fmt::format("{}WHERE position > {} ORDER BY position", all, from);
        if (collect(damaged, sql, positions)) {
            break;
        }
        const bool onward = positions.size() > before;
        step = onward ? 1 : step * 2;
        jumps = onward ? 0 : jumps;
        from = (onward ? positions.back() : from) + step;
    }
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    return positions;
}

class Salvager {
public:
    Salvager(Database& damaged, SqliteQueue& queue) : damaged_(damaged), queue_(queue) {}

    // False: the damaged file has no such table.
    bool begin(std::string_view table) {
        auto select = damaged_.prepare(select_rows_sql(table));
        if (select) {
            select_ = std::move(*select);
        }
        return select.ok();
    }

    Status copy_definitions() {
        const auto definitions = read_definitions(damaged_);
        if (!definitions) {
            return definitions.error();
        }
        auto transaction = Transaction::begin(queue_.database());
        if (!transaction) {
            return transaction.error();
        }
        std::uint32_t id = 0;
        for (const std::string& definition : definitions->list) {
            if (Status status = write_definition(queue_.database(), id++, definition); !status) {
                return status;
            }
        }
        Status status = transaction->commit();
        done.definitions = status ? id : 0;
        return status;
    }

    // One transaction. An error is of the new queue: the damaged one only gives fewer rows.
    Status copy(const std::uint64_t* begin, const std::uint64_t* end) {
        auto transaction = Transaction::begin(queue_.database());
        if (!transaction) {
            return transaction.error();
        }
        std::uint64_t copied = 0;
        for (const std::uint64_t* position = begin; position != end; ++position) {
            const auto row = fetch(*position);
            if (!row) {
                continue;
            }
            if (Status status = queue_.insert(*row); !status) {
                return status;
            }
            ++copied;
        }
        Status status = transaction->commit();
        done.batches += status ? copied : 0;
        return status;
    }

    void copy_all(
        const std::vector<std::uint64_t>& positions, const std::function<bool()>& in_time
    ) {
        std::size_t next = 0;
        while (next < positions.size() && in_time()) {
            const std::size_t count = std::min(kRowsPerTransaction, positions.size() - next);
            if (!copy(positions.data() + next, positions.data() + next + count)) {
                break;
            }
            next += count;
        }
        done.abandoned += positions.size() - next;
    }

    Salvaged done;

private:
    std::optional<StoredBatch> fetch(std::uint64_t position) {
        const auto lane = lane_of_position(position);
        if (!lane || number_of(position) == 0) {
            return std::nullopt;  // a damaged key: the row's own was another
        }
        select_.bind(1, to_column(position - 1)).bind(2, to_column(position));
        LostBatch loss;
        loss.lane = *lane;
        std::optional<StoredBatch> row;
        if (select_.next()) {
            row = read_row(select_);
            loss = read_loss(select_);
        }
        Status status = select_.finish();
        if (!status || !row || row->batch.dict_size > done.definitions) {
            done.losses.push_back(loss);
            return std::nullopt;
        }
        return row;
    }

    Database& damaged_;
    SqliteQueue& queue_;
    Statement select_;
};

}  // namespace

Salvaged salvage(const DatabasePlace& damaged, SqliteQueue& queue, const Clock& clock) {
    const SteadyTime end = clock.steady_now() + kSalvageBudget;
    auto source = Database::open(damaged.path, damaged.vfs);
    if (!source) {
        return {};
    }
    source->tolerate_damage();
    const auto id = source->query_integer("PRAGMA application_id");
    if (!id || *id != queue_format().application_id) {
        return {};
    }
    Salvager salvager(*source, queue);
    if (!salvager.copy_definitions()) {
        return std::move(salvager.done);
    }
    const auto in_time = [&] {
        return clock.steady_now() < end;
    };
    for (const std::string_view table :
         {kFormerTable, kLaneTables[0], kLaneTables[1], kLaneTables[2]}) {
        if (salvager.begin(table)) {
            salvager.copy_all(find_positions(*source, table), in_time);
        }
    }
    return std::move(salvager.done);
}

}  // namespace cxedge::store
