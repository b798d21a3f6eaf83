// SPDX-License-Identifier: Apache-2.0
// What the history knows of a series at a time: one sample as it was, or all samples of a step.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/store/exact_sum.hpp"

namespace cxedge::store {

// Of a histogram. What a key stands for is the caller's; keys of the same number add up.
struct HistoryBucket {
    std::int32_t key = 0;
    std::uint64_t n = 0;
    bool operator==(const HistoryBucket&) const = default;
};

struct HistoryCell {
    // UTC. Of a step: its end; it covers (at - step, at], because the sample of a window carries
    // the window's end as its time.
    std::int64_t at_ms = 0;
    std::int64_t step_ms = 0;   // 0: one sample as it was
    std::uint64_t samples = 0;  // that had a value
    std::uint64_t lost = 0;     // that had none
    std::uint64_t n = 0;        // values in `sum`: observations of histograms, else samples
    ExactSum sum;
    // Meaningful if n > 0.
    double min = 0;
    double max = 0;
    double last = 0;                     // of the latest sample; of histograms: nothing
    std::vector<HistoryBucket> buckets;  // by key

    // Adds what came later, or at the same time.
    void merge(const HistoryCell& later);
};

HistoryCell cell_of(std::int64_t at_ms, double value);
HistoryCell lost_cell(std::int64_t at_ms);

// End of the step that `at_ms` belongs to; `step_ms` > 0.
constexpr std::int64_t step_end(std::int64_t at_ms, std::int64_t step_ms) {
    const std::int64_t over = at_ms % step_ms;
    return over == 0 ? at_ms : at_ms - over + (over > 0 ? step_ms : 0);
}

}  // namespace cxedge::store
