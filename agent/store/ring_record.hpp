// SPDX-License-Identifier: Apache-2.0
// One batch as a record of the ring, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/store/ring_file.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::store {

// Records begin at multiples of it.
inline constexpr std::size_t kRecordAlignment = 8;
std::size_t record_bytes(std::size_t body_bytes);
void write_record(char* to, const StoredBatch& row, BootTime appended);

// Empty when no whole head of a record lies at `from`, of which `room` bytes may be read.
std::optional<RingRecord> read_record(const char* from, std::size_t room);
// Empty when the body fails its check sum.
std::optional<StoredBatch> read_batch(const char* from, const RingRecord& record);
void mark_released(char* record);
void wipe_record(char* record);

}  // namespace cxedge::store
