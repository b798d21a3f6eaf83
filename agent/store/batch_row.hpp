// SPDX-License-Identifier: Apache-2.0
// One row of table `batch`: columns, position and check sum (README.md in this folder).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/lane.hpp"
#include "agent/store/lane_ledger.hpp"
#include "agent/store/spool.hpp"
#include "agent/store/sqlite_database.hpp"

namespace cxedge::store {

// A position is the row's key: the lane in the top byte, a running number below.
inline constexpr int kLaneShift = 56;
constexpr std::uint64_t position_of(Lane lane, std::uint64_t number) {
    return (static_cast<std::uint64_t>(lane) << kLaneShift) | number;
}
constexpr std::uint64_t number_of(std::uint64_t position) {
    return position & ((std::uint64_t{1} << kLaneShift) - 1);
}
// Empty when no lane has such positions: the row is damaged.
std::optional<Lane> lane_of_position(std::uint64_t position);
// Where a list of lanes has the one of a position that is known to be good.
inline std::size_t lane_index(std::uint64_t position) {
    return static_cast<std::size_t>(position >> kLaneShift);
}

// The table of each lane, and the one table of schema version 1.
inline constexpr std::array<std::string_view, kLaneCount> kLaneTables{
    "batch_control", "batch_live", "batch_bulk"};
inline constexpr std::string_view kFormerTable = "batch";

// All columns, as bind_row() fills and read_row() expects them.
std::string insert_row_sql(std::string_view table);
// Rows with ?1 < position <= ?2, in order.
std::string select_rows_sql(std::string_view table);

// `row` must outlive the statement's run().
void bind_row(Statement& insert, const StoredBatch& row);
// Empty when the check sum does not fit.
std::optional<StoredBatch> read_row(const Statement& row);
// What can be told of a row that read_row() refused.
LostBatch read_loss(const Statement& row);

}  // namespace cxedge::store
