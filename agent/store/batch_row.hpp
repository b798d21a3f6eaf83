// SPDX-License-Identifier: Apache-2.0
// One row of table `batch`: columns, position and check sum (README.md in this folder).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/base/lane.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/spool.hpp"
#include "agent/store/sqlite_database.hpp"

namespace cxedge::store {

// A position is the row's key: the lane in the top byte, a running number below. So one table in
// one B-tree gives each lane in its order without an index that every commit would have to write
// too.
inline constexpr int kLaneShift = 56;
constexpr std::uint64_t position_of(Lane lane, std::uint64_t number) {
    return (static_cast<std::uint64_t>(lane) << kLaneShift) | number;
}
constexpr std::uint64_t number_of(std::uint64_t position) {
    return position & ((std::uint64_t{1} << kLaneShift) - 1);
}
// Empty when no lane has such positions: the row is damaged.
std::optional<Lane> lane_of_position(std::uint64_t position);

inline constexpr std::string_view kInsertRow =
    "INSERT INTO batch(position, epoch, seq, boot, stream, samples, events, dict_size, codec,"
    " t0_boot_ms, sealed_boot_ms, sealed_wall_ms, clock_quality, crc, body)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

// The columns that read_row() and read_loss() expect.
inline constexpr std::string_view kSelectLane =
    "SELECT position, epoch, seq, boot, stream, samples, events, dict_size, codec, t0_boot_ms,"
    " sealed_boot_ms, sealed_wall_ms, clock_quality, crc, body FROM batch"
    " WHERE position > ?1 AND position <= ?2 ORDER BY position";

// `row` must outlive the statement's run().
void bind_row(Statement& insert, const StoredBatch& row);
// Empty when the check sum does not fit.
std::optional<StoredBatch> read_row(const Statement& row);
// What can be told of a row that read_row() refused.
LostBatch read_loss(const Statement& row);

}  // namespace cxedge::store
