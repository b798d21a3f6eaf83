// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/ack_batch.hpp"

#include <algorithm>

namespace cxedge::uplink {

void AckBatch::add(std::uint64_t position, SteadyTime now) {
    if (positions_.empty()) {
        due_ = now + kDelay;
    }
    positions_.push_back(position);
}

bool AckBatch::contains(std::uint64_t position) const {
    return std::find(positions_.begin(), positions_.end(), position) != positions_.end();
}

std::optional<SteadyTime> AckBatch::due() const {
    return positions_.empty() ? std::nullopt : std::optional(due_);
}

bool AckBatch::is_due(SteadyTime now, bool complete) const {
    if (positions_.empty()) {
        return false;
    }
    return now >= due_ || (!failed_ && (complete || positions_.size() >= kEnough));
}

Status AckBatch::flush(store::Spool& spool, SteadyTime now) {
    if (positions_.empty()) {
        return {};
    }
    Status status = spool.acknowledge(positions_);
    failed_ = !status.ok();
    if (failed_) {
        due_ = now + kRetry;
    } else {
        positions_.clear();
    }
    return status;
}

}  // namespace cxedge::uplink
