// SPDX-License-Identifier: Apache-2.0
// Time with three hands. Passed by reference, never global, so that tests and the simulator own it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

namespace cxedge {

// UTC with millisecond resolution; 64 bits on every architecture.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
// For intervals, timeouts, backoff: never jumps, stops while the machine sleeps (CLOCK_MONOTONIC).
using SteadyTime = std::chrono::steady_clock::time_point;
// Milliseconds since this boot, sleep included (CLOCK_BOOTTIME): stamps samples, because the wall
// clock may still be wrong when a sample is taken and is corrected when it is sent.
using BootTime = std::chrono::milliseconds;

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    [[nodiscard]] virtual SteadyTime steady_now() const = 0;
    [[nodiscard]] virtual BootTime boot_now() const = 0;
    // What to add to a boot time to get UTC. Held still while the clocks agree, so that a window's
    // end stays on its minute although the two clocks are read one after the other; moves with a
    // step.
    [[nodiscard]] virtual std::chrono::milliseconds wall_offset() const = 0;
};

// The operating system's clocks. Thread: any.
class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime wall_now() const override;
    [[nodiscard]] SteadyTime steady_now() const override;
    [[nodiscard]] BootTime boot_now() const override;
    [[nodiscard]] std::chrono::milliseconds wall_offset() const override;

private:
    mutable std::atomic<std::int64_t> offset_ms_{std::numeric_limits<std::int64_t>::min()};
};

inline std::int64_t unix_ms(WallTime time) {
    return time.time_since_epoch().count();
}
// "2026-11-22T09:14:00Z": for people and logs.
std::string iso8601(WallTime time);
inline WallTime from_unix_ms(std::int64_t ms) {
    return WallTime(std::chrono::milliseconds(ms));
}

}  // namespace cxedge
