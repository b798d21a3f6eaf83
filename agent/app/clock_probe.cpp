// SPDX-License-Identifier: Apache-2.0
#include "agent/app/clock_probe.hpp"

#include <algorithm>
#include <cstdint>

#include <sys/timex.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): POSIX time(2)

namespace cxedge::app {
namespace {

constexpr std::int64_t kYear2020 = 1577836800;
constexpr std::uint32_t kUnset = 0;
constexpr std::uint32_t kRtc = 2;
constexpr std::uint32_t kSynchronisedWithError = 4;

}  // namespace

wire::ClockState probe_clock() {
    timex state{};
    const int answer = ::adjtimex(&state);
    if (std::int64_t{::time(nullptr)} < kYear2020) {
        return {kUnset, 0, 0};
    }
    const bool synchronised =
        answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    if (!synchronised) {
        return {kRtc, 0, 0};
    }
    const std::int64_t error_us = std::clamp<std::int64_t>(state.maxerror, 0, UINT32_MAX);
    return {kSynchronisedWithError, static_cast<std::uint32_t>(error_us), 0};
}

}  // namespace cxedge::app
