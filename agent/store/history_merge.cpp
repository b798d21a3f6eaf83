// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_merge.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cxedge::store {
namespace {

// So many series are in memory at a time, whatever the number in the chunks.
constexpr std::size_t kSeriesAtOnce = 8;
// Cells of a series that wait to be put together.
constexpr std::size_t kCellsAtOnce = 1024;

bool precedes(const HistoryCell& a, const HistoryCell& b) {
    return std::pair(a.at_ms, a.step_ms) < std::pair(b.at_ms, b.step_ms);
}

// Raw samples stay apart: two of one time are two.
void join_equal(std::vector<HistoryCell>& cells) {
    std::stable_sort(cells.begin(), cells.end(), precedes);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const bool joins = kept > 0 && cells[i].step_ms > 0 &&
                           cells[kept - 1].step_ms == cells[i].step_ms &&
                           cells[kept - 1].at_ms == cells[i].at_ms;
        if (joins) {
            cells[kept - 1].merge(cells[i]);
        } else if (kept++ != i) {
            cells[kept - 1] = std::move(cells[i]);
        }
    }
    cells.resize(kept);
}

std::uint32_t target_of(const MergeInput& input, std::uint32_t series) {
    return input.ids != nullptr && series < input.ids->size() ? (*input.ids)[series] : series;
}

Result<std::vector<std::uint32_t>> series_in(const std::vector<MergeInput>& inputs) {
    std::vector<std::uint32_t> series;
    for (const MergeInput& input : inputs) {
        const auto note = [&](std::uint32_t id) {
            series.push_back(target_of(input, id));
            return false;
        };
        const auto none = [](std::uint32_t, const HistoryCell&) {
        };
        if (const Status read = read_chunk(input.body, input.origin_ms, {note, none}); !read) {
            return read.error();
        }
    }
    std::sort(series.begin(), series.end());
    series.erase(std::unique(series.begin(), series.end()), series.end());
    return series;
}

using Gathered = std::map<std::uint32_t, CellGathering>;

Status gather(const std::vector<MergeInput>& inputs, Gathered& gathered) {
    for (const MergeInput& input : inputs) {
        const auto wanted = [&](std::uint32_t id) {
            return gathered.count(target_of(input, id)) != 0;
        };
        const auto take = [&](std::uint32_t id, HistoryCell cell) {
            gathered.at(target_of(input, id)).add(std::move(cell));
        };
        if (Status read = read_chunk(input.body, input.origin_ms, {wanted, take}); !read) {
            return read;
        }
    }
    return {};
}

// A block has one step: cells of different ones become several blocks.
void write_runs(std::uint32_t series, std::vector<HistoryCell> cells, ChunkSink& out) {
    std::map<std::int64_t, HistoryRun> runs;
    for (HistoryCell& cell : cells) {
        HistoryRun& run = runs[cell.step_ms];
        run.series = series;
        run.step_ms = cell.step_ms;
        run.cells.push_back(std::move(cell));
    }
    for (const auto& [step, run] : runs) {
        out.add(run);
    }
}

}  // namespace

void CellGathering::add(HistoryCell cell) {
    if (cell.step_ms < step_ms_) {
        cell.at_ms = step_end(cell.at_ms, step_ms_);
        cell.step_ms = step_ms_;
    }
    // Mostly they come in order.
    const bool joins = !cells_.empty() && cell.step_ms > 0 && cells_.back().at_ms == cell.at_ms &&
                       cells_.back().step_ms == cell.step_ms;
    if (joins) {
        cells_.back().merge(cell);
        return;
    }
    if (step_ms_ > 0 && cells_.size() >= kCellsAtOnce && cells_.size() == cells_.capacity()) {
        join_equal(cells_);
    }
    cells_.push_back(std::move(cell));
}

std::vector<HistoryCell> CellGathering::take() {
    join_equal(cells_);
    return std::move(cells_);
}

Result<std::vector<SealedChunk>> merge_chunks(
    const std::vector<MergeInput>& inputs, std::int64_t step_ms
) {
    const auto series = series_in(inputs);
    if (!series) {
        return series.error();
    }
    ChunkSink out(inputs.empty() ? 0 : inputs.front().origin_ms);
    for (std::size_t first = 0; first < series->size(); first += kSeriesAtOnce) {
        Gathered gathered;
        const std::size_t end = std::min(series->size(), first + kSeriesAtOnce);
        for (std::size_t i = first; i < end; ++i) {
            gathered.emplace((*series)[i], CellGathering(step_ms));
        }
        if (const Status done = gather(inputs, gathered); !done) {
            return done.error();
        }
        for (auto& [id, cells] : gathered) {
            write_runs(id, cells.take(), out);
        }
    }
    out.cut();
    return out.take();
}

}  // namespace cxedge::store
