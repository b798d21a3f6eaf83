// SPDX-License-Identifier: Apache-2.0
#include "agent/store/salvage.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "agent/store/batch_row.hpp"
#include "agent/store/database_file.hpp"
#include "agent/store/queue_file.hpp"

namespace cxedge::store {
namespace {

// The agent must come up: systemd gives a start 90 seconds.
constexpr std::chrono::seconds kSalvageBudget{20};
// Bounds the -wal file that one transaction makes.
constexpr std::size_t kRowsPerTransaction = 256;

// Appends the positions that a query yields until its end or damage.
void collect(Database& database, const char* sql, std::vector<std::uint64_t>& positions) {
    auto rows = database.prepare(sql);
    while (rows && rows->next()) {
        positions.push_back(from_column(rows->integer(0)));
    }
}

// Walks the table from both ends, so that one bad page does not hide what lies behind it. Keys
// only: a damaged body does not end the walk.
std::vector<std::uint64_t> find_positions(Database& damaged) {
    std::vector<std::uint64_t> positions;
    collect(damaged, "SELECT position FROM batch ORDER BY position", positions);
    collect(damaged, "SELECT position FROM batch ORDER BY position DESC", positions);
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    return positions;
}

class Salvager {
public:
    Salvager(Database& damaged, Database& queue) : damaged_(damaged), queue_(queue) {}

    Status prepare() {
        auto select = damaged_.prepare(kSelectLane);
        auto insert = queue_.prepare(kInsertRow);
        if (!select || !insert) {
            return select ? insert.error() : select.error();
        }
        select_ = std::move(*select);
        insert_ = std::move(*insert);
        return {};
    }

    Status copy_definitions() {
        const auto definitions = read_definitions(damaged_);
        if (!definitions) {
            return definitions.error();
        }
        auto transaction = Transaction::begin(queue_);
        if (!transaction) {
            return transaction.error();
        }
        std::uint32_t id = 0;
        for (const std::string& definition : definitions->list) {
            if (Status status = write_definition(queue_, id++, definition); !status) {
                return status;
            }
        }
        Status status = transaction->commit();
        done.definitions = status ? id : 0;
        return status;
    }

    // One transaction. An error is of the new queue: the damaged one only gives fewer rows.
    Status copy(const std::uint64_t* begin, const std::uint64_t* end) {
        auto transaction = Transaction::begin(queue_);
        if (!transaction) {
            return transaction.error();
        }
        std::uint64_t copied = 0;
        for (const std::uint64_t* position = begin; position != end; ++position) {
            const auto row = fetch(*position);
            if (!row) {
                continue;
            }
            bind_row(insert_, *row);
            if (Status status = insert_.run(); !status) {
                return status;
            }
            ++copied;
        }
        Status status = transaction->commit();
        done.batches += status ? copied : 0;
        return status;
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
    Database& queue_;
    Statement select_;
    Statement insert_;
};

}  // namespace

Salvaged salvage(const std::string& damaged, Database& queue, const Clock& clock) {
    const SteadyTime end = clock.steady_now() + kSalvageBudget;
    auto source = Database::open(damaged);
    if (!source) {
        return {};
    }
    source->tolerate_damage();
    const auto id = source->query_integer("PRAGMA application_id");
    if (!id || *id != queue_format().application_id) {
        return {};
    }
    Salvager salvager(*source, queue);
    if (!salvager.prepare() || !salvager.copy_definitions()) {
        return std::move(salvager.done);
    }
    const std::vector<std::uint64_t> positions = find_positions(*source);
    std::size_t done = 0;
    while (done < positions.size() && clock.steady_now() < end) {
        const std::size_t count = std::min(kRowsPerTransaction, positions.size() - done);
        if (!salvager.copy(positions.data() + done, positions.data() + done + count)) {
            break;
        }
        done += count;
    }
    salvager.done.abandoned = positions.size() - done;
    return std::move(salvager.done);
}

}  // namespace cxedge::store
