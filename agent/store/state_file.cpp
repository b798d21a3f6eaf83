// SPDX-License-Identifier: Apache-2.0
#include "agent/store/state_file.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::store {
namespace {

// "CXS" and a digit: file(1) and people can tell our databases apart.
constexpr std::int32_t kStateApplicationId = 0x43585331;

// Queued batches refer to boots by number; nothing is queued for this many boots.
constexpr int kBootsKept = 256;

}  // namespace

const DatabaseFormat& StateFile::format() {
    static constexpr DatabaseFormat kFormat{
        kStateApplicationId,
        1,
        "CREATE TABLE lane_state("
        " lane INTEGER PRIMARY KEY,"
        " epoch INTEGER NOT NULL,"
        " next_seq_floor INTEGER NOT NULL) STRICT;"
        "CREATE TABLE boot("
        " id INTEGER PRIMARY KEY,"
        " kernel_boot_id BLOB NOT NULL,"
        " first_wall_ms INTEGER NOT NULL) STRICT;"};
    return kFormat;
}

Result<std::optional<SequenceState>> StateFile::sequences() {
    auto rows = database_.prepare(
        "SELECT lane, epoch, next_seq_floor FROM lane_state WHERE lane BETWEEN 0 AND 2 ORDER BY "
        "lane"
    );
    if (!rows) {
        return rows.error();
    }
    SequenceState state;
    std::size_t lanes = 0;
    bool agree = true;
    while (rows->next()) {
        const std::uint64_t epoch = from_column(rows->integer(1));
        agree = agree && (lanes == 0 || epoch == state.epoch) && epoch != 0;
        state.epoch = epoch;
        state.floor.at(lanes++) = from_column(rows->integer(2));
    }
    if (Status status = rows->finish(); !status) {
        return status.error();
    }
    if (lanes != state.floor.size() || !agree) {
        return std::optional<SequenceState>();
    }
    return std::optional<SequenceState>(state);
}

Status StateFile::store(const SequenceState& state) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) {
        return transaction.error();
    }
    auto insert = database_.prepare("INSERT OR REPLACE INTO lane_state VALUES(?1, ?2, ?3)");
    if (!insert) {
        return insert.error();
    }
    for (std::size_t lane = 0; lane < state.floor.size(); ++lane) {
        insert->bind(1, static_cast<std::int64_t>(lane))
            .bind(2, to_column(state.epoch))
            .bind(3, to_column(state.floor.at(lane)));
        if (Status status = insert->run(); !status) {
            return status;
        }
    }
    return transaction->commit();
}

Result<std::uint32_t> StateFile::count_boot(
    std::string_view kernel_boot_id, std::uint32_t seen, WallTime now
) {
    auto last = database_.prepare("SELECT id, kernel_boot_id FROM boot ORDER BY id DESC LIMIT 1");
    if (!last) {
        return last.error();
    }
    const bool known = last->next();
    const std::int64_t id = known ? last->integer(0) : 0;
    // Without an id (no /proc) every start counts as a boot: times of two boots must not be mixed.
    const bool same = known && !kernel_boot_id.empty() && last->bytes(1) == kernel_boot_id;
    if (Status status = last->finish(); !status) {
        return status.error();
    }
    if (same && id >= seen) {
        return static_cast<std::uint32_t>(id);
    }
    const std::int64_t next = std::max(id, std::int64_t{seen}) + 1;
    auto insert = database_.prepare("INSERT INTO boot VALUES(?1, ?2, ?3)");
    if (!insert) {
        return insert.error();
    }
    insert->bind(1, next).bind(2, kernel_boot_id).bind(3, unix_ms(now));
    if (Status status = insert->run(); !status) {
        return status.error();
    }
    const Status pruned =
        database_.execute(fmt::format("DELETE FROM boot WHERE id <= {}", next - kBootsKept));
    return pruned ? Result<std::uint32_t>(static_cast<std::uint32_t>(next)) : pruned.error();
}

}  // namespace cxedge::store
