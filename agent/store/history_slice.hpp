// SPDX-License-Identifier: Apache-2.0
// What the history has gathered since it was last sealed, in memory. Thread: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/store/history_cell.hpp"
#include "agent/store/history_chunk.hpp"

namespace cxedge::store {

// When something was: ms on CLOCK_BOOTTIME of this boot, or UTC as the device itself said.
struct HistoryStamp {
    bool device = false;
    std::int64_t ms = 0;
};

// A chunk, and whose times are in it.
struct SlicedChunk {
    bool device = false;
    bool events = false;
    HistoryChunk chunk;
};

class HistorySlice {
public:
    // A series with more samples than this in a minute is kept as one cell for that minute.
    explicit HistorySlice(std::size_t raw_per_minute) : raw_per_minute_(raw_per_minute) {}

    void add(std::uint32_t series, HistoryStamp when, double value);
    void add_lost(std::uint32_t series, HistoryStamp when);
    // A histogram, as one sample; its time is `when`.
    void add(std::uint32_t series, HistoryStamp when, HistoryCell cell);
    void add_event(HistoryStamp when, std::string_view bytes);

    [[nodiscard]] bool empty() const;
    // So much is gathered that it should be sealed; folds minutes first.
    [[nodiscard]] bool is_full(std::int64_t offset_ms);
    // Everything, in UTC with this offset of the wall clock; begins again.
    std::vector<SlicedChunk> seal(std::int64_t offset_ms);

private:
    struct Point {
        std::uint32_t series;
        bool lost;
        std::int64_t ms;
        double value;
    };
    struct Loose {
        std::uint32_t series;
        HistoryCell cell;  // at_ms as stamped
    };
    struct Happened {
        std::int64_t ms;
        std::string bytes;
    };
    // Of one kind of stamps.
    struct Part {
        std::vector<Point> points;
        std::vector<Loose> loose;
        std::map<std::pair<std::uint32_t, std::int64_t>, HistoryCell> folded;  // (series, end)
        std::vector<Happened> events;
    };

    Part& part_of(HistoryStamp when) { return parts_.at(when.device ? 1 : 0); }
    void fold(Part& part, std::int64_t offset_ms) const;
    void fold_minute(Part& part, std::size_t first, std::size_t end, std::int64_t at) const;
    static std::int64_t origin_of(const Part& part);
    static void write(Part part, std::int64_t offset_ms, ChunkSink& out);
    [[nodiscard]] std::size_t points() const;

    std::size_t raw_per_minute_;
    std::array<Part, 2> parts_;  // boot, device
    std::size_t loose_bytes_ = 0;
};

}  // namespace cxedge::store
