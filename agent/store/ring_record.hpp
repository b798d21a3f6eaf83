// SPDX-License-Identifier: Apache-2.0
// One batch, or one series definition, as a record of the ring, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "agent/store/ring_file.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::store {

// Records begin at multiples of it.
inline constexpr std::size_t kRecordAlignment = 8;
std::size_t record_bytes(std::size_t body_bytes);
void write_record(char* to, const StoredBatch& row, BootTime appended);

// A series definition that a batch in the ring needs and queue.db does not have.
struct RingDefinition {
    std::uint32_t id = 0;
    std::uint64_t epoch = 0;
    std::string text;
};
void write_record(char* to, const RingDefinition& definition);

// Empty when no whole head of a record lies at `from`, of which `room` bytes may be read.
std::optional<RingRecord> read_record(const char* from, std::size_t room);
[[nodiscard]] bool is_definition(const RingRecord& record);
// Empty when the body fails its check sum. Requires is_definition() to be what the name says.
std::optional<StoredBatch> read_batch(const char* from, const RingRecord& record);
std::optional<RingDefinition> read_definition(const char* from, const RingRecord& record);
void mark_released(char* record);
void wipe_record(char* record);

}  // namespace cxedge::store
