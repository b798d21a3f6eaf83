// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/clock.hpp"

namespace cxedge::test {

// A clock that a test moves: all hands together, or the wall clock alone (a step).
class ManualClock final : public Clock {
public:
    [[nodiscard]] WallTime wall_now() const override { return wall_; }
    [[nodiscard]] SteadyTime steady_now() const override { return SteadyTime(boot_); }
    [[nodiscard]] BootTime boot_now() const override { return boot_; }

    [[nodiscard]] std::chrono::milliseconds wall_offset() const override {
        return std::chrono::milliseconds(unix_ms(wall_) - boot_.count());
    }

    void advance(std::chrono::milliseconds by) {
        wall_ += by;
        boot_ += by;
    }
    void step_wall(std::chrono::milliseconds by) { wall_ += by; }
    void set_wall(WallTime wall) { wall_ = wall; }

private:
    WallTime wall_ = from_unix_ms(1'700'000'000'000);
    BootTime boot_{1'000'000};
};

}  // namespace cxedge::test
