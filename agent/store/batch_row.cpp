// SPDX-License-Identifier: Apache-2.0
#include "agent/store/batch_row.hpp"

#include <array>
#include <string>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::store {
namespace {

void put(std::string& bytes, std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
        bytes.push_back(static_cast<char>(value >> shift & 0xFFU));
    }
}

// CRC-32C over every other column as 64-bit little-endian numbers in table order, then the body.
std::uint32_t check_sum(const StoredBatch& row) {
    const NewBatch& batch = row.batch;
    const std::array<std::uint64_t, 13> numbers{
        row.position,
        row.epoch,
        row.seq,
        row.boot,
        static_cast<std::uint64_t>(batch.stream),
        batch.samples,
        batch.events,
        batch.dict_size,
        batch.codec,
        from_column(batch.t0_boot_ms),
        from_column(batch.sealed_boot_ms),
        from_column(batch.sealed_wall_ms),
        batch.clock_quality};
    std::string head;
    head.reserve(numbers.size() * sizeof(std::uint64_t));
    for (const std::uint64_t number : numbers) {
        put(head, number);
    }
    return crc32c(batch.body, crc32c(head));
}

std::uint32_t small(const Statement& row, int column) {
    return static_cast<std::uint32_t>(row.integer(column));
}

constexpr std::string_view kColumns =
    "position, epoch, seq, boot, stream, samples, events, dict_size, codec, t0_boot_ms,"
    " sealed_boot_ms, sealed_wall_ms, clock_quality, crc, body";

}  // namespace

std::string insert_row_sql(std::string_view table) {
    return fmt::format(
        "INSERT INTO {}({}) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
        table,
        kColumns
    );
}

std::string select_rows_sql(std::string_view table) {
    return fmt::format(
        "SELECT {} FROM {} WHERE position > ?1 AND position <= ?2 ORDER BY position",
        kColumns,
        table
    );
}

std::optional<Lane> lane_of_position(std::uint64_t position) {
    const std::uint64_t lane = position >> kLaneShift;
    if (lane >= static_cast<std::uint64_t>(kLaneCount)) {
        return std::nullopt;
    }
    return static_cast<Lane>(lane);
}

void bind_row(Statement& insert, const StoredBatch& row) {
    const NewBatch& batch = row.batch;
    insert.bind(1, to_column(row.position))
        .bind(2, to_column(row.epoch))
        .bind(3, to_column(row.seq))
        .bind(4, std::int64_t{row.boot})
        .bind(5, static_cast<std::int64_t>(batch.stream))
        .bind(6, std::int64_t{batch.samples})
        .bind(7, std::int64_t{batch.events})
        .bind(8, std::int64_t{batch.dict_size})
        .bind(9, std::int64_t{batch.codec})
        .bind(10, batch.t0_boot_ms)
        .bind(11, batch.sealed_boot_ms)
        .bind(12, batch.sealed_wall_ms)
        .bind(13, std::int64_t{batch.clock_quality})
        .bind(14, std::int64_t{check_sum(row)})
        .bind(15, std::string_view(batch.body));
}

std::optional<StoredBatch> read_row(const Statement& row) {
    StoredBatch stored;
    stored.position = from_column(row.integer(0));
    stored.epoch = from_column(row.integer(1));
    stored.seq = from_column(row.integer(2));
    stored.boot = small(row, 3);
    NewBatch& batch = stored.batch;
    batch.stream = static_cast<Stream>(row.integer(4));
    batch.samples = small(row, 5);
    batch.events = small(row, 6);
    batch.dict_size = small(row, 7);
    batch.codec = small(row, 8);
    batch.t0_boot_ms = row.integer(9);
    batch.sealed_boot_ms = row.integer(10);
    batch.sealed_wall_ms = row.integer(11);
    batch.clock_quality = small(row, 12);
    batch.body = row.bytes(14);
    if (std::int64_t{check_sum(stored)} != row.integer(13)) {
        return std::nullopt;
    }
    return stored;
}

LostBatch read_loss(const Statement& row) {
    LostBatch loss;
    loss.lane = lane_of_position(from_column(row.integer(0))).value_or(Lane::bulk);
    loss.epoch = from_column(row.integer(1));
    loss.seq = from_column(row.integer(2));
    loss.samples = small(row, 5);
    loss.events = small(row, 6);
    return loss;
}

}  // namespace cxedge::store
