// SPDX-License-Identifier: Apache-2.0
// The box's clocks, moved by the world: they can be wrong, step, and begin anew with a boot.
#pragma once

#include <chrono>

#include "agent/base/clock.hpp"

namespace cxedge::sim {

using std::chrono::milliseconds;

class SimClock final : public Clock {
public:
    [[nodiscard]] WallTime wall_now() const override { return WallTime(boot_now() + offset_); }
    [[nodiscard]] SteadyTime steady_now() const override { return SteadyTime(boot_now()); }
    [[nodiscard]] BootTime boot_now() const override { return elapsed_ - booted_; }
    [[nodiscard]] milliseconds wall_offset() const override { return offset_; }

    // Time of the world, since its beginning: no box has it.
    [[nodiscard]] milliseconds elapsed() const { return elapsed_; }
    void advance(milliseconds by) { elapsed_ += by; }

    void step_wall(milliseconds by) { offset_ += by; }
    // As the time service would set it.
    void synchronise() { offset_ = kBegin + booted_; }
    // Clocks of boot begin anew; the wall clock shows 1970 until it is synchronised.
    void reboot(bool has_clock_chip) {
        booted_ = elapsed_ - milliseconds(5000);
        offset_ = has_clock_chip ? kBegin + booted_ : milliseconds(0);
    }
    [[nodiscard]] bool is_set() const { return offset_ > milliseconds(0); }

private:
    static constexpr milliseconds kBegin{1'790'000'000'000};

    milliseconds elapsed_{100'000};
    milliseconds booted_{0};
    milliseconds offset_{kBegin};
};

}  // namespace cxedge::sim
