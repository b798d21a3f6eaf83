// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sealed_ring.hpp"

#include <algorithm>
#include <utility>

#include "agent/store/batch_row.hpp"
#include "agent/store/ring_record.hpp"

namespace cxedge::store {
namespace {

// From here on the ring goes back to its beginning as soon as there is room, instead of touching
// its pages up to the end: they would all stay resident.
constexpr std::size_t kEarlyWrapParts = 4;

}  // namespace

std::size_t SealedRing::used_bytes() const {
    return state_.wrap == 0 ? state_.tail - state_.head : state_.wrap - state_.head + state_.tail;
}

std::deque<SealedRing::Entry>::const_iterator SealedRing::behind(Lane lane, std::uint64_t position)
    const {
    const auto& entries = lanes_.at(index(lane));
    return std::upper_bound(
        entries.begin(),
        entries.end(),
        position,
        [](std::uint64_t wanted, const Entry& entry) { return wanted < entry.position; }
    );
}

SealedRing::Entry* SealedRing::find(std::uint64_t position) {
    const auto lane = lane_of_position(position);
    if (!lane || position == 0) {
        return nullptr;
    }
    auto& entries = lanes_.at(index(*lane));
    const auto found = entries.begin() + (behind(*lane, position - 1) - entries.cbegin());
    const bool held = found != entries.end() && found->position == position && !found->released;
    return held ? &*found : nullptr;
}

std::optional<std::uint64_t> SealedRing::first_seq(Lane lane, std::uint64_t epoch) const {
    for (const Entry& entry : lanes_.at(index(lane))) {
        if (!entry.released && entry.epoch == epoch) {
            return entry.seq;
        }
    }
    return std::nullopt;
}

std::optional<StoredBatch> SealedRing::read(const Entry& entry) const {
    const char* from = file_.at(entry.offset);
    const auto record = read_record(from, capacity() - entry.offset);
    if (!record || record->position != entry.position) {
        return std::nullopt;
    }
    return read_batch(from, *record);
}

std::optional<std::size_t> SealedRing::place(Room& room, std::size_t length) const {
    if (room.head == room.tail) {
        room = {};
    }
    std::size_t end = room.wrap == 0 ? capacity() : room.head - 1;
    const bool early =
        room.wrap == 0 && room.head > length && room.head >= capacity() / kEarlyWrapParts;
    if (!early && room.tail + length <= end) {
        return std::exchange(room.tail, room.tail + length);
    }
    // From the beginning again; the tail must not meet the head, which would mean "empty".
    if (room.wrap != 0 || length >= room.head) {
        return std::nullopt;
    }
    room.wrap = room.tail;
    room.tail = length;
    return std::size_t{0};
}

bool SealedRing::fits(
    const std::vector<RingDefinition>& definitions,
    const std::vector<NewBatch>& batches,
    std::size_t spare
) const {
    Room room{state_.head, state_.tail, state_.wrap};
    for (const RingDefinition& definition : definitions) {
        if (!place(room, record_bytes(definition.text.size()))) {
            return false;
        }
    }
    for (const NewBatch& batch : batches) {
        if (!place(room, record_bytes(batch.body.size()))) {
            return false;
        }
    }
    return spare == 0 || place(room, spare).has_value();
}

bool SealedRing::push(const std::vector<StoredBatch>& rows, BootTime now) {
    Room room{state_.head, state_.tail, state_.wrap};
    std::vector<std::size_t> offsets;
    for (const StoredBatch& row : rows) {
        const auto offset = place(room, record_bytes(row.batch.body.size()));
        if (!offset) {
            return false;
        }
        offsets.push_back(*offset);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        write(offsets[i], rows[i], now);
    }
    state_.head = room.head;
    state_.tail = room.tail;
    state_.wrap = room.wrap;
    return true;
}

bool SealedRing::push_definitions(const std::vector<RingDefinition>& definitions) {
    for (const RingDefinition& definition : definitions) {
        Room room{state_.head, state_.tail, state_.wrap};
        const auto offset = place(room, record_bytes(definition.text.size()));
        if (!offset) {
            return false;
        }
        write_record(file_.at(*offset), definition);
        definitions_[definition.id] = *offset;
        state_.head = room.head;
        state_.tail = room.tail;
        state_.wrap = room.wrap;
    }
    return true;
}

void SealedRing::release_definitions(std::uint32_t below) {
    while (!definitions_.empty() && definitions_.begin()->first < below) {
        release_definition(definitions_.begin()->first);
    }
}

void SealedRing::release_definition(std::uint32_t id) {
    if (const auto found = definitions_.find(id); found != definitions_.end()) {
        mark_released(file_.at(found->second));
        definitions_.erase(found);
    }
}

void SealedRing::write(std::size_t offset, const StoredBatch& row, BootTime now) {
    char* to = file_.at(offset);
    write_record(to, row, now);
    const auto record = read_record(to, capacity() - offset);
    if (!record) {
        return;  // its stream and position do not belong together: the caller's mistake
    }
    index_record(*record, offset);
    const auto stream = static_cast<std::size_t>(row.batch.stream);
    std::uint64_t& through = state_.sealed_through.at(stream);
    through = std::max(through, row.batch.journal_through);
}

void SealedRing::index_record(const RingRecord& record, std::size_t offset) {
    const Lane lane = lane_of(static_cast<Stream>(record.stream));
    Entry entry;
    entry.position = record.position;
    entry.epoch = record.epoch;
    entry.seq = record.seq;
    entry.wall_ms = record.sealed_wall_ms;
    entry.appended_boot_ms = record.appended_boot_ms;
    entry.offset = offset;
    entry.boot = record.boot;
    entry.samples = record.samples;
    entry.events = record.events;
    entry.dict_size = record.dict_size;
    entry.bytes = record.body_bytes;
    lanes_.at(index(lane)).push_back(entry);
    Holding& here = state_.here.at(index(lane));
    ++here.batches;
    here.samples += entry.samples;
    here.events += entry.events;
}

void SealedRing::release(Entry& entry) {
    mark_released(file_.at(entry.offset));
    entry.released = true;
    Holding& here = state_.here.at(lane_index(entry.position));
    --here.batches;
    here.samples -= entry.samples;
    here.events -= entry.events;
}

void SealedRing::drop_released_fronts() {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
        auto& entries = lanes_.at(lane);
        while (!entries.empty() && entries.front().released) {
            entries.pop_front();
        }
        Holding& here = state_.here.at(lane);
        here.first_seq = entries.empty() ? 0 : entries.front().seq;
        here.last_seq = entries.empty() ? 0 : entries.back().seq;
    }
}

bool SealedRing::holds_offset(std::size_t offset) const {
    return std::any_of(lanes_.begin(), lanes_.end(), [offset](const auto& entries) {
        return std::any_of(entries.begin(), entries.end(), [offset](const Entry& entry) {
            return !entry.released && entry.offset == offset;
        });
    });
}

// The records themselves say which of them are released.
void SealedRing::advance_head() {
    while (state_.head != state_.tail || state_.wrap != 0) {
        if (state_.wrap != 0 && state_.head == state_.wrap) {
            state_.head = 0;
            state_.wrap = 0;
            continue;
        }
        const auto record = read_record(file_.at(state_.head), capacity() - state_.head);
        if (record ? record->released == 0 : holds_offset(state_.head)) {
            break;
        }
        // A damaged record that is declared lost: on to where the next one begins.
        state_.head += record ? record->length : kRecordAlignment;
    }
    if (state_.head == state_.tail && state_.wrap == 0) {
        state_.head = 0;
        state_.tail = 0;
    }
}

std::size_t SealedRing::erased_room() const {
    return RingFile::kMostErased - state_.erased;
}

void SealedRing::note_erased(std::uint64_t position) {
    if (erased_room() > 0) {
        file_.set_erased(state_.erased++, position);
    }
}

void SealedRing::set_erased(const std::vector<std::uint64_t>& positions) {
    state_.erased = 0;
    for (const std::uint64_t position : positions) {
        note_erased(position);
    }
}

std::vector<std::uint64_t> SealedRing::erased() const {
    std::vector<std::uint64_t> positions;
    for (std::size_t which = 0; which < state_.erased; ++which) {
        positions.push_back(file_.erased(which));
    }
    return positions;
}

void SealedRing::publish() {
    drop_released_fronts();
    advance_head();
    ++state_.generation;
    file_.publish(state_);
}

}  // namespace cxedge::store
