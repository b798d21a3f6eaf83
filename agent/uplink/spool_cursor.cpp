// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/spool_cursor.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/log.hpp"

namespace cxedge::uplink {

SpoolCursor::SpoolCursor(store::Spool& spool, Lane lane, std::uint64_t after, std::uint64_t until)
    : spool_(&spool), lane_(lane), after_(after), read_to_(after), until_(until) {}

const store::StoredBatch* SpoolCursor::front(SteadyTime now) {
    const bool paused = paused_until_ && now < *paused_until_;
    if (ahead_.empty() && more_ && !paused) {
        read(now);
    }
    return ahead_.empty() ? nullptr : &ahead_.front();
}

void SpoolCursor::read(SteadyTime now) {
    paused_until_.reset();
    auto batches = spool_->read(lane_, read_to_, kReadAhead);
    if (!batches) {
        log::warn("uplink", "reading the spool: " + batches.error().message);
        paused_until_ = now + kReadErrorPause;
        return;
    }
    more_ = batches->size() >= kReadAhead;
    for (store::StoredBatch& batch : *batches) {
        if (batch.position > until_) {
            more_ = false;
            return;
        }
        read_to_ = batch.position;
        ahead_.push_back(std::move(batch));
    }
}

void SpoolCursor::pop() {
    after_ = ahead_.front().position;
    ahead_.pop_front();
}

void SpoolCursor::end_at(std::uint64_t until) {
    until_ = std::max(until, after_);
    while (!ahead_.empty() && ahead_.back().position > until_) {
        ahead_.pop_back();
    }
}

std::optional<SteadyTime> SpoolCursor::due(SteadyTime now) const {
    if (!ahead_.empty()) {
        return now;
    }
    return more_ ? std::optional(std::max(now, paused_until_.value_or(now))) : std::nullopt;
}

bool SpoolCursor::done() const {
    return until_ != kOpen && ahead_.empty() && (!more_ || read_to_ >= until_);
}

}  // namespace cxedge::uplink
