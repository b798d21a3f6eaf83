// SPDX-License-Identifier: Apache-2.0
#include "agent/store/ring_record.hpp"

#include <algorithm>
#include <cstring>

#include "agent/base/ids.hpp"
#include "agent/store/batch_row.hpp"

namespace cxedge::store {
namespace {

constexpr std::uint32_t kRecordMagic = 0x43525843;      // "CXRC"
constexpr std::uint32_t kDefinitionMagic = 0x44525843;  // "CXRD"

std::uint32_t head_crc(const RingRecord& record) {
    constexpr std::size_t kFrom = offsetof(RingRecord, position);
    const auto* bytes = reinterpret_cast<const char*>(&record);
    return crc32c({bytes + kFrom, sizeof record - kFrom});
}

bool belongs_together(const RingRecord& record) {
    return is_definition(record) ||
           (record.magic == kRecordMagic && record.stream < kStreamCount &&
            number_of(record.position) != 0 &&
            lane_of_position(record.position) == lane_of(static_cast<Stream>(record.stream)));
}

void write_bytes(char* to, RingRecord& record, std::string_view body) {
    record.length = static_cast<std::uint32_t>(record_bytes(body.size()));
    record.length_again = record.length;
    record.body_bytes = static_cast<std::uint32_t>(body.size());
    record.body_crc = crc32c(body);
    record.head_crc = head_crc(record);
    std::memcpy(to, &record, sizeof record);
    std::copy(body.begin(), body.end(), to + sizeof record);
}

bool body_good(const char* from, const RingRecord& record) {
    return crc32c({from + sizeof record, record.body_bytes}) == record.body_crc;
}

}  // namespace

std::size_t record_bytes(std::size_t body_bytes) {
    return (sizeof(RingRecord) + body_bytes + kRecordAlignment - 1) / kRecordAlignment *
           kRecordAlignment;
}

void write_record(char* to, const StoredBatch& row, BootTime appended) {
    const NewBatch& batch = row.batch;
    RingRecord record;
    record.magic = kRecordMagic;
    record.position = row.position;
    record.epoch = row.epoch;
    record.seq = row.seq;
    record.journal_through = batch.journal_through;
    record.t0_boot_ms = batch.t0_boot_ms;
    record.sealed_boot_ms = batch.sealed_boot_ms;
    record.sealed_wall_ms = batch.sealed_wall_ms;
    record.appended_boot_ms = appended.count();
    record.boot = row.boot;
    record.stream = static_cast<std::uint32_t>(batch.stream);
    record.samples = batch.samples;
    record.events = batch.events;
    record.dict_size = batch.dict_size;
    record.codec = batch.codec;
    record.clock_quality = batch.clock_quality;
    write_bytes(to, record, batch.body);
}

void write_record(char* to, const RingDefinition& definition) {
    RingRecord record;
    record.magic = kDefinitionMagic;
    record.epoch = definition.epoch;
    record.seq = definition.id;
    write_bytes(to, record, definition.text);
}

bool is_definition(const RingRecord& record) {
    return record.magic == kDefinitionMagic;
}

std::optional<RingRecord> read_record(const char* from, std::size_t room) {
    RingRecord record;
    if (room < sizeof record) {
        return std::nullopt;
    }
    std::memcpy(&record, from, sizeof record);
    if (record.head_crc != head_crc(record) || record.length != record.length_again ||
        record.length > room || record.length != record_bytes(record.body_bytes) ||
        !belongs_together(record)) {
        return std::nullopt;
    }
    return record;
}

std::optional<StoredBatch> read_batch(const char* from, const RingRecord& record) {
    if (!body_good(from, record)) {
        return std::nullopt;
    }
    StoredBatch row;
    NewBatch& batch = row.batch;
    batch.body.assign(from + sizeof record, record.body_bytes);
    row.position = record.position;
    row.epoch = record.epoch;
    row.seq = record.seq;
    row.boot = record.boot;
    batch.stream = static_cast<Stream>(record.stream);
    batch.samples = record.samples;
    batch.events = record.events;
    batch.dict_size = record.dict_size;
    batch.codec = record.codec;
    batch.t0_boot_ms = record.t0_boot_ms;
    batch.sealed_boot_ms = record.sealed_boot_ms;
    batch.sealed_wall_ms = record.sealed_wall_ms;
    batch.clock_quality = record.clock_quality;
    batch.journal_through = record.journal_through;
    return row;
}

std::optional<RingDefinition> read_definition(const char* from, const RingRecord& record) {
    if (!body_good(from, record)) {
        return std::nullopt;
    }
    return RingDefinition{
        static_cast<std::uint32_t>(record.seq),
        record.epoch,
        std::string(from + sizeof record, record.body_bytes)};
}

void mark_released(char* record) {
    constexpr std::uint32_t kReleased = 1;
    std::memcpy(record + offsetof(RingRecord, released), &kReleased, sizeof kReleased);
}

void wipe_record(char* record) {
    constexpr std::uint32_t kNone = 0;
    std::memcpy(record, &kNone, sizeof kNone);
}

}  // namespace cxedge::store
