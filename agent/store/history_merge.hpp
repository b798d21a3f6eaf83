// SPDX-License-Identifier: Apache-2.0
// Many chunks into fewer: what was sealed bit by bit becomes one row, and old rows become coarser.
// Sums, counts and buckets stay exact. Pure; thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/store/history_chunk.hpp"

namespace cxedge::store {

struct MergeInput {
    std::string_view body;       // of a chunk with series
    std::int64_t origin_ms = 0;  // what its times count from; moved, they count from elsewhere
    // By series id in `body`: the id it gets; null: the same.
    const std::vector<std::uint32_t>* ids = nullptr;
};

// `step_ms` 0: as they are, but cells of one series, step and time become one. Else all finer ones
// become cells of that step. Inputs come in order of time. corrupt: a body is damaged.
Result<std::vector<SealedChunk>> merge_chunks(
    const std::vector<MergeInput>& inputs, std::int64_t step_ms
);

// Gathers cells of one series in any order and gives them out in order of time.
class CellGathering {
public:
    explicit CellGathering(std::int64_t step_ms) : step_ms_(step_ms) {}
    void add(HistoryCell cell);
    // By time, those of one time by rising step.
    std::vector<HistoryCell> take();

private:
    std::int64_t step_ms_;
    std::vector<HistoryCell> cells_;
};

}  // namespace cxedge::store
