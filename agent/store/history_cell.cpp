// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_cell.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::store {
namespace {

void merge_buckets(std::vector<HistoryBucket>& into, const std::vector<HistoryBucket>& from) {
    for (const HistoryBucket& bucket : from) {
        const auto at = std::lower_bound(
            into.begin(),
            into.end(),
            bucket.key,
            [](const HistoryBucket& have, std::int32_t key) { return have.key < key; }
        );
        if (at != into.end() && at->key == bucket.key) {
            at->n += bucket.n;
        } else {
            into.insert(at, bucket);
        }
    }
}

}  // namespace

void HistoryCell::merge(const HistoryCell& later) {
    if (later.n > 0) {
        // fmin and fmax: a NaN hides no number.
        min = n > 0 ? std::fmin(min, later.min) : later.min;
        max = n > 0 ? std::fmax(max, later.max) : later.max;
        last = later.last;
    }
    samples += later.samples;
    lost += later.lost;
    n += later.n;
    sum.add(later.sum);
    merge_buckets(buckets, later.buckets);
}

HistoryCell cell_of(std::int64_t at_ms, double value) {
    HistoryCell cell;
    cell.at_ms = at_ms;
    cell.samples = 1;
    cell.n = 1;
    cell.sum = ExactSum(value);
    cell.min = cell.max = cell.last = value;
    return cell;
}

HistoryCell lost_cell(std::int64_t at_ms) {
    HistoryCell cell;
    cell.at_ms = at_ms;
    cell.lost = 1;
    return cell;
}

}  // namespace cxedge::store
