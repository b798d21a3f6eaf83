// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/ack_batch.hpp"

#include <algorithm>

namespace cxedge::uplink {

void AckBatch::add(const Entry& entry, SteadyTime now) {
    if (entries_.empty()) {
        due_ = now + kDelay;
        failed_ = false;
    }
    entries_.push_back(entry);
}

bool AckBatch::contains(std::uint64_t position) const {
    return std::any_of(entries_.begin(), entries_.end(), [position](const Entry& entry) {
        return entry.position == position;
    });
}

std::optional<SteadyTime> AckBatch::due() const {
    return entries_.empty() ? std::nullopt : std::optional(due_);
}

bool AckBatch::is_due(SteadyTime now, bool complete) const {
    if (entries_.empty()) {
        return false;
    }
    return now >= due_ || (!failed_ && (complete || entries_.size() >= kEnough));
}

Result<store::Spool::Delivered> AckBatch::flush(store::Spool& spool, SteadyTime now) {
    store::Spool::Delivered sum;
    std::vector<std::uint64_t> positions;
    positions.reserve(entries_.size());
    for (const Entry& entry : entries_) {
        positions.push_back(entry.position);
        sum.samples += entry.samples;
        sum.events += entry.events;
    }
    sum.batches = positions.size();
    const Status status = positions.empty() ? Status() : spool.acknowledge(positions);
    failed_ = !status.ok();
    if (failed_) {
        due_ = now + kRetry;
        return status.error();
    }
    entries_.clear();
    return sum;
}

}  // namespace cxedge::uplink
