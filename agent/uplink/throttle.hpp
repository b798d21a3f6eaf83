// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "agent/base/clock.hpp"

namespace cxedge::uplink {

// How much to ask of a broker that refuses: the window shrinks by half when it is out of room and
// grows by one a window of acknowledgements; and while it takes nothing at all, sending happens in
// rounds further and further apart. Thread: one.
class Throttle {
public:
    static constexpr std::chrono::milliseconds kFirstPause{1000};
    static constexpr std::chrono::milliseconds kLongestPause{300000};

    // A new connection.
    void reset(std::size_t window);
    // Unacknowledged packets allowed.
    [[nodiscard]] std::size_t window() const { return static_cast<std::size_t>(window_); }

    void accepted();
    // The broker has no room.
    void out_of_room(SteadyTime now);
    // The broker took nothing on this connection so far, and refused.
    void all_refused(SteadyTime now);

    // Nothing may be sent before.
    [[nodiscard]] bool paused(SteadyTime now) const { return now < paused_until_; }
    [[nodiscard]] SteadyTime paused_until() const { return paused_until_; }
    // Each feed may send once in a round, so that a feed that is refused does not hide one that
    // would pass.
    [[nodiscard]] bool in_rounds() const { return in_rounds_; }
    // Changes with each round.
    [[nodiscard]] std::uint64_t round() const { return round_; }

private:
    void pause(SteadyTime now);

    double limit_ = 1;
    double window_ = 1;
    std::chrono::milliseconds pause_ = kFirstPause;
    SteadyTime paused_until_{};
    bool in_rounds_ = false;
    std::uint64_t round_ = 0;
};

}  // namespace cxedge::uplink
