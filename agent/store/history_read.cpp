// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "agent/store/history.hpp"
#include "agent/store/history_merge.hpp"

namespace cxedge::store {
namespace {

constexpr std::array<HistoryLevel, 4> kSampleLevels{
    HistoryLevel::raw, HistoryLevel::minute, HistoryLevel::quarter, HistoryLevel::hour};

// The cells that a query asks for, from wherever they are.
class Answer {
public:
    explicit Answer(const HistoryRead& query) : query_(query) {
        for (const std::uint32_t series : query.series) {
            cells_.emplace(series, CellGathering(query.step_ms));
        }
    }

    // `ids`: what the series in the body are called here; null: the same.
    Status add(const HistoryChunk& chunk, const std::vector<std::uint32_t>* ids) {
        const auto id_of = [ids](std::uint32_t series) {
            return ids != nullptr && series < ids->size() ? (*ids)[series] : series;
        };
        const auto wanted = [&](std::uint32_t series) {
            return cells_.count(id_of(series)) != 0;
        };
        const auto take = [&](std::uint32_t series, HistoryCell cell) {
            const bool coarser = query_.step_ms > cell.step_ms;
            const std::int64_t at = coarser ? step_end(cell.at_ms, query_.step_ms) : cell.at_ms;
            if (at > query_.from_ms && at <= query_.to_ms) {
                cells_.at(id_of(series)).add(std::move(cell));
            }
        };
        return read_chunk(chunk.body, chunk.origin_ms, {wanted, take});
    }

    [[nodiscard]] bool concerns(const HistoryChunk& chunk) const {
        const auto first = cells_.lower_bound(chunk.first_series);
        return first != cells_.end() && first->first <= chunk.last_series;
    }

    void give(const std::function<void(std::uint32_t, const HistoryCell&)>& take) {
        for (auto& [series, gathered] : cells_) {
            for (const HistoryCell& cell : gathered.take()) {
                take(series, cell);
            }
        }
    }

private:
    const HistoryRead& query_;
    std::map<std::uint32_t, CellGathering> cells_;
};

}  // namespace

// With what is still being gathered, as if it were sealed now.
History::Slices History::sealed_and_open() {
    const std::lock_guard lock(mutex_);
    Slices slices = pending_;
    HistorySlice open = slice_;
    StashedSlice last;
    last.boot = options_.boot;
    last.offset_ms = offset_ms();
    last.chunks = open.seal(last.offset_ms);
    slices.push_back(std::move(last));
    return slices;
}

Status History::each_series(const std::function<void(std::uint32_t, std::string_view)>& take) {
    if (Status opened = open(); !opened) {
        return trouble(opened);
    }
    map_ids();
    if (Status read = file_->each_definition(take); !read) {
        return trouble(read);
    }
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t number : unsaved_) {
        take(stored_ids_[number], definitions_[number]);
    }
    return {};
}

Status History::read(
    const HistoryRead& query,
    const std::function<void(std::uint32_t series, const HistoryCell&)>& take
) {
    if (Status opened = open(); !opened) {
        return trouble(opened);
    }
    map_ids();
    Answer answer(query);
    Status status;
    for (const HistoryLevel level : kSampleLevels) {
        const RowRange range{level, query.from_ms - query.step_ms, query.to_ms};
        const Status read = file_->each(range, [&](const HistoryRow& row) {
            return answer.concerns(row.chunk) ? answer.add(row.chunk, nullptr) : Status();
        });
        status = status ? read : status;
    }
    for (const StashedSlice& slice : sealed_and_open()) {
        for (const SlicedChunk& sliced : slice.chunks) {
            HistoryChunk chunk = sliced.chunk;
            chunk.origin_ms += moved_by(slice, sliced.device);
            status = status && !sliced.events ? answer.add(chunk, &stored_ids_) : status;
        }
    }
    if (!status) {
        return trouble(status);
    }
    answer.give(take);
    return {};
}

Result<std::vector<History::StoredEvent>> History::events(
    std::int64_t from_ms, std::int64_t to_ms
) {
    std::vector<StoredEvent> found;
    const auto take = [&](std::int64_t at_ms, std::string_view bytes) {
        if (at_ms > from_ms && at_ms <= to_ms) {
            found.push_back({at_ms, std::string(bytes)});
        }
    };
    Status status = open();
    if (status) {
        status = file_->each({HistoryLevel::events, from_ms, to_ms}, [&](const HistoryRow& row) {
            return read_events(row.chunk.body, row.chunk.origin_ms, take);
        });
    }
    for (const StashedSlice& slice : sealed_and_open()) {
        for (const SlicedChunk& sliced : slice.chunks) {
            const std::int64_t origin = sliced.chunk.origin_ms + moved_by(slice, sliced.device);
            status =
                status && sliced.events ? read_events(sliced.chunk.body, origin, take) : status;
        }
    }
    if (!status) {
        return trouble(status).error();
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.at_ms < b.at_ms;
    });
    return found;
}

}  // namespace cxedge::store
