// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::uplink {

// Walks one lane of the spool from its oldest batch to its newest, once for each connection; reads
// only after it was told that there is something new. Batches that the broker refused are met
// again in a second walk, after a pause that grows: no list of them is kept. Thread: one.
class LaneFeed {
public:
    using Milliseconds = std::chrono::milliseconds;
    static constexpr std::size_t kReadAhead = 8;
    static constexpr Milliseconds kReadErrorPause{1000};
    static constexpr Milliseconds kFirstRetry{5000};
    static constexpr Milliseconds kLastRetry{300000};

    LaneFeed(store::Spool& spool, Lane lane) : spool_(&spool), lane_(lane) {}

    // A new connection: from the oldest batch.
    void restart();
    // Something was appended.
    void more() { more_ = true; }

    // The next batch, or null when there is none now.
    const store::StoredBatch* front(SteadyTime now);
    // Requires: front() was not null.
    void pop() { ahead_.pop_front(); }

    // The broker refused the batch at `position`: walk over it again later.
    void refused(std::uint64_t position, SteadyTime now);
    // Begins that walk when it is time; the caller then skips what is in flight.
    void rewind_if_due(SteadyTime now);
    // When front() or rewind_if_due() have news without more().
    [[nodiscard]] std::optional<SteadyTime> due() const;

private:
    void read(SteadyTime now);

    store::Spool* spool_;
    Lane lane_;
    std::deque<store::StoredBatch> ahead_;
    std::uint64_t cursor_ = 0;  // position of the last batch read
    bool more_ = true;
    std::optional<SteadyTime> paused_until_;  // after a read error
    std::optional<SteadyTime> rewind_at_;
    std::uint64_t rewind_to_ = 0;  // position of the first refused batch
    Milliseconds retry_ = kFirstRetry;
};

}  // namespace cxedge::uplink
