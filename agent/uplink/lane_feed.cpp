// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/lane_feed.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "agent/base/log.hpp"

namespace cxedge::uplink {

void LaneFeed::restart() {
    *this = LaneFeed(*spool_, lane_);
}

const store::StoredBatch* LaneFeed::front(SteadyTime now) {
    const bool paused = paused_until_ && now < *paused_until_;
    if (ahead_.empty() && more_ && !paused) {
        read(now);
    }
    return ahead_.empty() ? nullptr : &ahead_.front();
}

void LaneFeed::read(SteadyTime now) {
    paused_until_.reset();
    auto batches = spool_->read(lane_, cursor_, kReadAhead);
    if (!batches) {
        log::warn("uplink", "reading the spool: " + batches.error().message);
        paused_until_ = now + kReadErrorPause;
        return;
    }
    more_ = batches->size() >= kReadAhead;
    std::move(batches->begin(), batches->end(), std::back_inserter(ahead_));
    if (!ahead_.empty()) {
        cursor_ = ahead_.back().position;
    }
}

void LaneFeed::refused(std::uint64_t position, SteadyTime now) {
    if (rewind_at_) {
        rewind_to_ = std::min(rewind_to_, position);
        return;
    }
    rewind_to_ = position;
    rewind_at_ = now + retry_;
    retry_ = std::min(retry_ * 2, kLastRetry);
}

void LaneFeed::rewind_if_due(SteadyTime now) {
    if (!rewind_at_ || now < *rewind_at_) {
        return;
    }
    rewind_at_.reset();
    ahead_.clear();
    cursor_ = rewind_to_ - 1;
    more_ = true;
}

std::optional<SteadyTime> LaneFeed::due() const {
    if (paused_until_ && rewind_at_) {
        return std::min(*paused_until_, *rewind_at_);
    }
    return paused_until_ ? paused_until_ : rewind_at_;
}

}  // namespace cxedge::uplink
