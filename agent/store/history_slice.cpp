// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_slice.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

namespace cxedge::store {
namespace {

constexpr std::int64_t kMinuteMs = 60000;
// Memory of an open slice: 24 bytes a point, the rest as estimated.
constexpr std::size_t kMostPoints = 16384;
constexpr std::size_t kMostLooseBytes = 512U << 10U;

}  // namespace

void HistorySlice::add(std::uint32_t series, HistoryStamp when, double value) {
    part_of(when).points.push_back({series, false, when.ms, value});
}

void HistorySlice::add_lost(std::uint32_t series, HistoryStamp when) {
    part_of(when).points.push_back({series, true, when.ms, 0});
}

void HistorySlice::add(std::uint32_t series, HistoryStamp when, HistoryCell cell) {
    cell.at_ms = when.ms;
    loose_bytes_ += sizeof(Loose) + cell.buckets.size() * sizeof(HistoryBucket);
    part_of(when).loose.push_back({series, std::move(cell)});
}

void HistorySlice::add_event(HistoryStamp when, std::string_view bytes) {
    loose_bytes_ += sizeof(Happened) + bytes.size();
    part_of(when).events.push_back({when.ms, std::string(bytes)});
}

bool HistorySlice::empty() const {
    return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
        return part.points.empty() && part.loose.empty() && part.folded.empty() &&
               part.events.empty();
    });
}

std::size_t HistorySlice::points() const {
    return std::accumulate(
        parts_.begin(),
        parts_.end(),
        std::size_t{0},
        [](std::size_t all, const Part& part) { return all + part.points.size(); }
    );
}

bool HistorySlice::is_full(std::int64_t offset_ms) {
    if (loose_bytes_ >= kMostLooseBytes) {
        return true;
    }
    if (points() < kMostPoints) {
        return false;
    }
    fold(parts_[0], offset_ms);
    fold(parts_[1], 0);
    return points() >= kMostPoints / 2;
}

// Points in order; minutes of which there are too many become cells.
void HistorySlice::fold(Part& part, std::int64_t offset_ms) const {
    std::stable_sort(part.points.begin(), part.points.end(), [](const Point& a, const Point& b) {
        return std::pair(a.series, a.ms) < std::pair(b.series, b.ms);
    });
    const auto minute_of = [&](const Point& point) {
        return step_end(point.ms + offset_ms, kMinuteMs) - offset_ms;
    };
    std::size_t kept = 0;
    for (std::size_t first = 0; first < part.points.size();) {
        const Point head = part.points[first];
        const std::int64_t minute = minute_of(head);
        std::size_t end = first + 1;
        while (end < part.points.size() && part.points[end].series == head.series &&
               minute_of(part.points[end]) == minute) {
            ++end;
        }
        if (end - first > raw_per_minute_) {
            fold_minute(part, first, end, minute);
        } else {
            std::move(
                part.points.begin() + static_cast<std::ptrdiff_t>(first),
                part.points.begin() + static_cast<std::ptrdiff_t>(end),
                part.points.begin() + static_cast<std::ptrdiff_t>(kept)
            );
            kept += end - first;
        }
        first = end;
    }
    part.points.resize(kept);
}

void HistorySlice::fold_minute(Part& part, std::size_t first, std::size_t end, std::int64_t at)
    const {
    HistoryCell& cell = part.folded[{part.points[first].series, at}];
    cell.at_ms = at;
    cell.step_ms = kMinuteMs;
    for (std::size_t i = first; i < end; ++i) {
        const Point& point = part.points[i];
        cell.merge(point.lost ? lost_cell(point.ms) : cell_of(point.ms, point.value));
    }
}

namespace {

// Runs of one series, from the three places where its samples may be.
template <class Points, class Loose>
HistoryRun raw_run(std::uint32_t series, const Points& points, const Loose& loose) {
    HistoryRun run;
    run.series = series;
    run.cells.reserve(points.size() + loose.size());
    for (const auto* point : points) {
        run.cells.push_back(point->lost ? lost_cell(point->ms) : cell_of(point->ms, point->value));
    }
    for (const auto* one : loose) {
        run.cells.push_back(one->cell);
    }
    std::stable_sort(run.cells.begin(), run.cells.end(), [](const auto& a, const auto& b) {
        return a.at_ms < b.at_ms;
    });
    return run;
}

void move_by(HistoryRun& run, std::int64_t offset_ms) {
    for (HistoryCell& cell : run.cells) {
        cell.at_ms += offset_ms;
    }
}

// The items of `series` from `next` on, which is moved behind them.
template <class List>
auto take_series(const List& list, std::size_t& next, std::uint32_t series) {
    std::vector<const typename List::value_type*> taken;
    while (next < list.size() && list[next].series == series) {
        taken.push_back(&list[next++]);
    }
    return taken;
}

}  // namespace

std::int64_t HistorySlice::origin_of(const Part& part) {
    std::int64_t origin = std::numeric_limits<std::int64_t>::max();
    const auto earliest = [&origin](const auto& list) {
        for (const auto& item : list) {
            origin = std::min(origin, item.ms);
        }
    };
    earliest(part.points);
    earliest(part.events);
    return origin == std::numeric_limits<std::int64_t>::max() ? 0 : origin;
}

void HistorySlice::write(Part part, std::int64_t offset_ms, ChunkSink& out) {
    std::stable_sort(part.loose.begin(), part.loose.end(), [](const auto& a, const auto& b) {
        return a.series < b.series;
    });
    auto folded = part.folded.begin();
    std::size_t point = 0;
    std::size_t loose = 0;
    for (;;) {
        std::uint32_t series = UINT32_MAX;
        series = point < part.points.size() ? part.points[point].series : series;
        series = loose < part.loose.size() ? std::min(series, part.loose[loose].series) : series;
        series = folded != part.folded.end() ? std::min(series, folded->first.first) : series;
        if (series == UINT32_MAX) {
            break;
        }
        HistoryRun raw = raw_run(
            series, take_series(part.points, point, series), take_series(part.loose, loose, series)
        );
        HistoryRun minutes{series, kMinuteMs, {}};
        for (; folded != part.folded.end() && folded->first.first == series; ++folded) {
            minutes.cells.push_back(std::move(folded->second));
        }
        for (HistoryRun* run : {&raw, &minutes}) {
            move_by(*run, offset_ms);
            out.add(*run);
        }
    }
    out.cut();
    for (const Happened& event : part.events) {
        out.add_event(event.ms + offset_ms, event.bytes);
    }
    out.cut();
}

std::vector<SlicedChunk> HistorySlice::seal(std::int64_t offset_ms) {
    std::vector<SlicedChunk> sealed;
    for (const bool device : {false, true}) {
        Part part = std::exchange(part_of({device, 0}), Part());
        const std::int64_t offset = device ? 0 : offset_ms;
        fold(part, offset);
        ChunkSink out(origin_of(part) + offset);
        write(std::move(part), offset, out);
        for (SealedChunk& chunk : out.take()) {
            sealed.push_back({device, chunk.events, std::move(chunk.chunk)});
        }
    }
    loose_bytes_ = 0;
    return sealed;
}

}  // namespace cxedge::store
