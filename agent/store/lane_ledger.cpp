// SPDX-License-Identifier: Apache-2.0
#include "agent/store/lane_ledger.hpp"

#include <algorithm>

namespace cxedge::store {

Gap gap_of(const LostBatch& lost) {
    return {
        lost.lane, lost.epoch, lost.seq, lost.seq, lost.samples, lost.events, GapCause::corrupt};
}

LaneLedger::Entry entry_of(const StoredBatch& row) {
    LaneLedger::Entry entry;
    entry.position = row.position;
    entry.epoch = row.epoch;
    entry.seq = row.seq;
    entry.wall_ms = row.batch.sealed_wall_ms;
    entry.sealed_boot_ms = row.batch.sealed_boot_ms;
    entry.boot = row.boot;
    entry.samples = row.batch.samples;
    entry.events = row.batch.events;
    entry.bytes = row.batch.body.size();
    return entry;
}

void LaneLedger::add(const Entry& entry) {
    ++sums_.batches;
    sums_.samples += entry.samples;
    sums_.events += entry.events;
    sums_.bytes += entry.bytes;
    if (spans_.empty() || spans_.back().oldest.epoch != entry.epoch) {
        spans_.push_back({entry, entry.position, entry.seq});
    }
    spans_.back().last_position = entry.position;
    spans_.back().last_seq = entry.seq;
}

void LaneLedger::subtract(const Entry& entry) {
    --sums_.batches;
    sums_.samples -= entry.samples;
    sums_.events -= entry.events;
    sums_.bytes -= entry.bytes;
}

const LaneLedger::Span* LaneLedger::span_at(std::uint64_t position) const {
    const auto span = std::find_if(spans_.begin(), spans_.end(), [&](const Span& each) {
        return each.oldest.position == position;
    });
    return span == spans_.end() ? nullptr : &*span;
}

void LaneLedger::replace_oldest(std::uint64_t position, const Entry* next) {
    const auto span = std::find_if(spans_.begin(), spans_.end(), [&](const Span& each) {
        return each.oldest.position == position;
    });
    if (span == spans_.end()) {
        return;
    }
    if (next == nullptr || next->position > span->last_position) {
        spans_.erase(span);
    } else {
        span->oldest = *next;
    }
}

std::uint64_t LaneLedger::first_seq(std::uint64_t epoch, std::uint64_t otherwise) const {
    for (const Span& span : spans_) {
        if (span.oldest.epoch == epoch) {
            return span.oldest.seq;
        }
    }
    return otherwise;
}

std::uint64_t LaneLedger::last_position() const {
    return spans_.empty() ? 0 : spans_.back().last_position;
}

LaneStatus LaneLedger::status() const {
    LaneStatus status = sums_;
    status.oldest_wall_ms = spans_.empty() ? 0 : spans_.front().oldest.wall_ms;
    return status;
}

}  // namespace cxedge::store
