// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/model/clock_step.hpp"

namespace cxedge::app {

// Notices that the wall clock was set. Thread: one.
class ClockStepWatch {
public:
    explicit ClockStepWatch(const Clock& clock) : clock_(clock), offset_(clock.wall_offset()) {}

    // The step since the last call; a smaller one is the time service's slewing.
    std::optional<ClockStep> step() {
        constexpr std::chrono::milliseconds kLeast{500};
        const std::chrono::milliseconds offset = clock_.wall_offset();
        const std::chrono::milliseconds by = offset - std::exchange(offset_, offset);
        if (by < kLeast && by > -kLeast) {
            return std::nullopt;
        }
        const BootTime boot = clock_.boot_now();
        return ClockStep{at_boot(boot), (boot + offset - by).count(), (boot + offset).count()};
    }

private:
    const Clock& clock_;
    std::chrono::milliseconds offset_;
};

}  // namespace cxedge::app
