// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/store/spool.hpp"

namespace cxedge::uplink {

// Walks a range of positions of one lane, a few batches ahead; reads only after it was told that
// there is something new. Thread: one.
class SpoolCursor {
public:
    static constexpr std::size_t kReadAhead = 4;
    static constexpr std::chrono::milliseconds kReadErrorPause{1000};
    static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();

    // Positions after `after` up to `until`, inclusive; kOpen: whatever is appended as well.
    SpoolCursor(store::Spool& spool, Lane lane, std::uint64_t after, std::uint64_t until);

    // Something was appended.
    void more() { more_ = true; }
    // The next batch, or null when there is none now.
    const store::StoredBatch* front(SteadyTime now);
    // Requires: front() was not null.
    void pop();
    // An open range ends here after all, but not before what was already walked.
    void end_at(std::uint64_t until);

    [[nodiscard]] std::uint64_t after() const { return after_; }
    [[nodiscard]] std::uint64_t until() const { return until_; }
    // Nothing will ever come.
    [[nodiscard]] bool done() const;
    // When front() may have something; empty: only after more().
    [[nodiscard]] std::optional<SteadyTime> due(SteadyTime now) const;

private:
    void read(SteadyTime now);

    store::Spool* spool_;
    Lane lane_;
    std::uint64_t after_;    // position of the last batch popped
    std::uint64_t read_to_;  // position of the last batch read
    std::uint64_t until_;
    std::deque<store::StoredBatch> ahead_;
    bool more_ = true;
    std::optional<SteadyTime> paused_until_;
};

}  // namespace cxedge::uplink
