// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/fresh_start.hpp"
#include "agent/uplink/spool_cursor.hpp"

namespace cxedge::uplink {

// What of one lane is still to be sent on this connection, from two ends: what is fresh, so that it
// never waits behind a backlog, and the backlog from its oldest batch on. Batches that were refused
// come again in the backlog, each at its time. Thread: one.
class LaneFeed {
public:
    enum class Side : std::uint8_t { fresh, backlog };
    // Refused batches remembered one by one; further ones wait for another walk over all.
    static constexpr std::size_t kMaxRetries = 4096;

    LaneFeed(store::Spool& spool, Lane lane, IsFresh is_fresh);

    // A new connection, or everything is to be sent again.
    void restart();
    // Something was appended.
    void more();

    // The next batch of a side, or null when there is none now.
    const store::StoredBatch* front(Side side, SteadyTime now);
    // Requires: front() of that side was not null.
    void pop(Side side);

    // Sends the batch at `position` again at `due`.
    void retry(std::uint64_t position, SteadyTime due);
    // Sends these positions again, both inclusive, as far as they were sent at all.
    void repeat(std::uint64_t first, std::uint64_t last);

    // When front() may have something; empty: only after more().
    [[nodiscard]] std::optional<SteadyTime> due(Side side, SteadyTime now) const;
    // An estimate.
    [[nodiscard]] std::uint64_t backlog_batches() const;

private:
    void locate(SteadyTime now);
    void begin_fresh(std::uint64_t after);
    const store::StoredBatch* front_fresh(SteadyTime now);
    const store::StoredBatch* front_retry(SteadyTime now);
    const store::StoredBatch* front_backlog(SteadyTime now);
    bool age_fresh(const store::StoredBatch& front, SteadyTime now);
    void pause(const Error& error, SteadyTime now);
    [[nodiscard]] bool paused(SteadyTime now) const {
        return paused_until_ && now < *paused_until_;
    }

    store::Spool* spool_;
    Lane lane_;
    IsFresh is_fresh_;
    std::optional<SpoolCursor> fresh_;  // empty: not known yet where it begins
    std::deque<SpoolCursor> backlog_;
    std::multimap<SteadyTime, std::uint64_t> retries_;
    std::optional<SpoolCursor> retrying_;
    std::uint64_t overflow_from_ = 0;  // first refused batch beyond kMaxRetries; 0: none
    bool locate_ = true;
    std::optional<SteadyTime> paused_until_;  // after an error while finding fresh_
};

}  // namespace cxedge::uplink
