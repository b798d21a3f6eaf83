// SPDX-License-Identifier: Apache-2.0
// What a lane holds, kept in memory so that asking costs nothing. Thread: one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/gap.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::store {

// A batch that was stored and is unreadable: material for a declared gap.
struct LostBatch {
    Lane lane = Lane::live;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint32_t samples = 0;
    std::uint32_t events = 0;
};
// Its cause: corrupt.
Gap gap_of(const LostBatch& lost);

class LaneLedger {
public:
    struct Entry {
        std::uint64_t position = 0;
        std::uint64_t epoch = 0;
        std::uint64_t seq = 0;
        std::int64_t wall_ms = 0;  // when it was sealed
        std::int64_t sealed_boot_ms = 0;
        std::uint32_t boot = 0;
        std::uint64_t samples = 0;
        std::uint64_t events = 0;
        std::uint64_t bytes = 0;
    };
    // Consecutive entries of one epoch.
    struct Span {
        Entry oldest;
        std::uint64_t last_position = 0;
        std::uint64_t last_seq = 0;
    };

    // Positions must rise from call to call.
    void add(const Entry& entry);
    // Takes a deleted entry off the sums. When its position was the oldest of a span, the caller
    // must then name the span's next entry by replace_oldest().
    void subtract(const Entry& entry);
    [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }
    // Null when no span begins at `position`.
    [[nodiscard]] const Span* span_at(std::uint64_t position) const;
    // `next` at or before the span's last position becomes its oldest; null ends the span.
    void replace_oldest(std::uint64_t position, const Entry* next);

    // Oldest seq held of `epoch`, or `otherwise`.
    [[nodiscard]] std::uint64_t first_seq(std::uint64_t epoch, std::uint64_t otherwise) const;
    // 0 when empty.
    [[nodiscard]] std::uint64_t last_position() const;
    // All but the two fields about the present epoch.
    [[nodiscard]] LaneStatus status() const;

private:
    std::vector<Span> spans_;  // by position; nearly always one
    LaneStatus sums_;
};

// What a ledger keeps of a stored batch.
LaneLedger::Entry entry_of(const StoredBatch& row);

}  // namespace cxedge::store
