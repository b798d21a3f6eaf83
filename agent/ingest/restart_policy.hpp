// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "agent/base/clock.hpp"

namespace cxedge::ingest {

// How soon a crashed plugin process is started again: 250 ms, doubling to 4 s; after 5 restarts
// within 60 s it counts as failed. Pure; thread: one.
class RestartPolicy {
public:
    static constexpr std::size_t kMaxRestarts = 5;
    static constexpr std::chrono::seconds kPeriod{60};
    static constexpr std::chrono::milliseconds kFirstDelay{250};

    explicit RestartPolicy(std::chrono::milliseconds first_delay = kFirstDelay)
        : first_delay_(first_delay) {}

    // Called at a crash: the delay, or nothing when the limit is reached.
    std::optional<std::chrono::milliseconds> next(SteadyTime now) {
        while (!restarts_.empty() && now - restarts_.front() > kPeriod) {
            restarts_.pop_front();
        }
        if (restarts_.size() >= kMaxRestarts) {
            return std::nullopt;
        }
        const std::chrono::milliseconds delay = first_delay_ * (1U << restarts_.size());
        restarts_.push_back(now);
        return delay;
    }

private:
    std::chrono::milliseconds first_delay_;
    std::deque<SteadyTime> restarts_;
};

}  // namespace cxedge::ingest
