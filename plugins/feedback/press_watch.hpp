// SPDX-License-Identifier: Apache-2.0
// What is one press, and which presses somebody only plays with. Nothing is thrown away but the
// bounce of a contact. Pure. Thread: one.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

#include "agent/base/clock.hpp"

namespace cxedge::plugins {

struct PressRules {
    std::chrono::milliseconds debounce{300};  // the same button again so soon: the same press
    std::size_t burst = 5;                    // more presses than this in `burst_window` are play
    std::chrono::milliseconds burst_window{10'000};
    std::chrono::milliseconds pair{2'000};    // two different buttons so soon: both are doubtful
    std::chrono::milliseconds quiet{60'000};  // after so long without play it is over
};

class PressWatch {
public:
    explicit PressWatch(PressRules rules) : rules_(rules) {}

    struct Press {
        SteadyTime at;
        int value = 0;
        std::size_t number = 0;  // of this watch's presses, from 0
        bool flagged = false;
    };
    // Whether it is the same press as one just before.
    [[nodiscard]] bool is_bounce(int value, SteadyTime at) const;
    // A press that counts. The presses that are doubtful by it and were not before, itself
    // included, go to `doubtful`; true: they are a burst.
    bool take(int value, SteadyTime at, std::deque<Press>& doubtful);

    // A burst goes on, or a button sticks.
    [[nodiscard]] bool in_play(SteadyTime now) const;

private:
    void flag(Press& press, std::deque<Press>& doubtful);

    PressRules rules_;
    std::deque<Press> recent_;  // sorted by time
    std::size_t taken_ = 0;
    std::optional<SteadyTime> last_burst_;
};

}  // namespace cxedge::plugins
