// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/lane_feed.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/base/log.hpp"

namespace cxedge::uplink {
namespace {

// More repeat requests than this at a time: somebody is asking for the same again and again.
constexpr std::size_t kMaxRanges = 64;

std::optional<SteadyTime> earlier(std::optional<SteadyTime> a, std::optional<SteadyTime> b) {
    return a && b ? std::min(a, b) : (a ? a : b);
}

// Something at `due`, but not before `floor`.
std::optional<SteadyTime> later(std::optional<SteadyTime> due, std::optional<SteadyTime> floor) {
    return due && floor ? std::max(due, floor) : due;
}

}  // namespace

LaneFeed::LaneFeed(store::Spool& spool, Lane lane, IsFresh is_fresh)
    : spool_(&spool), lane_(lane), is_fresh_(std::move(is_fresh)) {}

void LaneFeed::restart() {
    *this = LaneFeed(*spool_, lane_, std::move(is_fresh_));
}

void LaneFeed::more() {
    locate_ = true;
    if (fresh_) {
        fresh_->more();
    }
    for (SpoolCursor& range : backlog_) {
        range.more();
    }
}

// Where the fresh batches begin. While that is not known, all is backlog.
void LaneFeed::locate(SteadyTime now) {
    if (fresh_ || !locate_ || paused(now)) {
        return;
    }
    paused_until_.reset();
    const auto oldest = spool_->read(lane_, 0, 1);
    if (oldest && (oldest->empty() || is_fresh_(oldest->front()))) {
        begin_fresh(0);
        return;
    }
    const auto start = oldest ? find_fresh_start(*spool_, lane_, is_fresh_)
                              : Result<std::optional<std::uint64_t>>(oldest.error());
    if (!start) {
        pause(start.error(), now);
        return;
    }
    locate_ = false;
    if (backlog_.empty()) {
        backlog_.emplace_back(*spool_, lane_, 0, SpoolCursor::kOpen);
    }
    if (*start) {
        begin_fresh(**start);
    }
}

void LaneFeed::pause(const Error& error, SteadyTime now) {
    log::warn("uplink", "reading the spool: " + error.message);
    paused_until_ = now + SpoolCursor::kReadErrorPause;
}

void LaneFeed::begin_fresh(std::uint64_t after) {
    for (SpoolCursor& range : backlog_) {
        if (range.until() == SpoolCursor::kOpen) {
            range.end_at(after);
            after = range.until();
        }
    }
    fresh_.emplace(*spool_, lane_, after, SpoolCursor::kOpen);
}

const store::StoredBatch* LaneFeed::front(Side side, SteadyTime now) {
    locate(now);
    if (side == Side::fresh) {
        return front_fresh(now);
    }
    const store::StoredBatch* retry = front_retry(now);
    return retry != nullptr ? retry : front_backlog(now);
}

const store::StoredBatch* LaneFeed::front_fresh(SteadyTime now) {
    if (!fresh_ || paused(now)) {
        return nullptr;
    }
    const store::StoredBatch* front = fresh_->front(now);
    if (front == nullptr || is_fresh_(*front)) {
        return front;
    }
    if (!age_fresh(*front, now)) {
        return nullptr;
    }
    front = fresh_->front(now);
    return front != nullptr && is_fresh_(*front) ? front : nullptr;
}

// What waited too long on the fresh side, because the broker is slow, becomes backlog.
bool LaneFeed::age_fresh(const store::StoredBatch& front, SteadyTime now) {
    const auto start = find_fresh_start(*spool_, lane_, is_fresh_);
    if (!start) {
        pause(start.error(), now);
        return false;
    }
    const std::uint64_t end = std::max(front.position, start->value_or(0));
    backlog_.emplace_back(*spool_, lane_, fresh_->after(), end);
    fresh_.emplace(*spool_, lane_, end, SpoolCursor::kOpen);
    return true;
}

const store::StoredBatch* LaneFeed::front_retry(SteadyTime now) {
    while (retrying_ || (!retries_.empty() && retries_.begin()->first <= now)) {
        if (!retrying_) {
            const std::uint64_t position = retries_.begin()->second;
            retrying_.emplace(*spool_, lane_, position - 1, position);
            retries_.erase(retries_.begin());
        }
        const store::StoredBatch* front = retrying_->front(now);
        if (front != nullptr || !retrying_->done()) {
            return front;  // or it cannot be read now
        }
        retrying_.reset();
    }
    if (retries_.empty() && overflow_from_ != 0) {
        repeat(std::exchange(overflow_from_, 0), SpoolCursor::kOpen);
    }
    return nullptr;
}

const store::StoredBatch* LaneFeed::front_backlog(SteadyTime now) {
    while (!backlog_.empty()) {
        if (const store::StoredBatch* front = backlog_.front().front(now)) {
            return front;
        }
        if (!backlog_.front().done()) {
            return nullptr;
        }
        backlog_.pop_front();
    }
    return nullptr;
}

void LaneFeed::pop(Side side) {
    if (side == Side::fresh) {
        fresh_->pop();
    } else if (retrying_) {
        retrying_.reset();
    } else {
        backlog_.front().pop();
    }
}

void LaneFeed::retry(std::uint64_t position, SteadyTime due) {
    if (retries_.size() < kMaxRetries) {
        retries_.emplace(due, position);
        return;
    }
    overflow_from_ = overflow_from_ == 0 ? position : std::min(overflow_from_, position);
}

void LaneFeed::repeat(std::uint64_t first, std::uint64_t last) {
    // What the fresh side has not reached will be sent anyway.
    last = std::min(last, fresh_ ? fresh_->after() : 0);
    const bool covered =
        std::any_of(backlog_.begin(), backlog_.end(), [&](const SpoolCursor& range) {
            return range.after() < first && last <= range.until();
        });
    if (first <= last && !covered && backlog_.size() < kMaxRanges) {
        backlog_.emplace_back(*spool_, lane_, first - 1, last);
    }
}

std::optional<SteadyTime> LaneFeed::due(Side side, SteadyTime now) const {
    if (!fresh_ && locate_) {
        return std::max(now, paused_until_.value_or(now));
    }
    if (side == Side::fresh) {
        return fresh_ ? later(fresh_->due(now), paused_until_) : std::nullopt;
    }
    auto due = retrying_ ? retrying_->due(now) : std::nullopt;
    if (!backlog_.empty()) {
        due = earlier(due, backlog_.front().due(now));
    }
    if (!retries_.empty()) {
        due = earlier(due, retries_.begin()->first);
    }
    return due;
}

std::uint64_t LaneFeed::backlog_batches() const {
    const std::uint64_t held = spool_->status(lane_).batches;
    std::uint64_t batches = retries_.size();
    for (const SpoolCursor& range : backlog_) {
        batches += std::min(held, range.until() - std::min(range.until(), range.after()));
    }
    return std::min(held, batches);
}

}  // namespace cxedge::uplink
