// SPDX-License-Identifier: Apache-2.0
#include "agent/base/clock.hpp"

#include <fmt/chrono.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): CLOCK_BOOTTIME is POSIX, not <ctime>

namespace cxedge {
namespace {

// Reading two clocks one after the other, each cut to milliseconds, differs by this much at rest.
constexpr std::int64_t kReadingNoiseMs = 3;

}  // namespace

std::string iso8601(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds))
    );
}

WallTime SystemClock::wall_now() const {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const {
    return std::chrono::steady_clock::now();
}

BootTime SystemClock::boot_now() const {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::milliseconds(std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000);
}

std::chrono::milliseconds SystemClock::wall_offset() const {
    const std::int64_t now = unix_ms(wall_now()) - boot_now().count();
    const std::int64_t held = offset_ms_.load(std::memory_order_relaxed);
    if (now + kReadingNoiseMs >= held && now - kReadingNoiseMs <= held) {
        return std::chrono::milliseconds(held);
    }
    offset_ms_.store(now, std::memory_order_relaxed);
    return std::chrono::milliseconds(now);
}

}  // namespace cxedge
