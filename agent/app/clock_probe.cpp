// SPDX-License-Identifier: Apache-2.0
#include "agent/app/clock_probe.hpp"

#include <algorithm>
#include <cstdint>

#include "agent/base/kernel_clock.hpp"

namespace cxedge::app {
namespace {

constexpr std::uint32_t kUnset = 0;
constexpr std::uint32_t kRtc = 2;
constexpr std::uint32_t kSynchronisedWithError = 4;

}  // namespace

wire::ClockState probe_clock() {
    const KernelClock clock = kernel_clock();
    if (!clock.set) {
        return {kUnset, 0, 0};
    }
    if (!clock.synchronised) {
        return {kRtc, 0, 0};
    }
    const std::int64_t error_us = std::clamp<std::int64_t>(clock.maximum_error_us, 0, UINT32_MAX);
    return {kSynchronisedWithError, static_cast<std::uint32_t>(error_us), 0};
}

}  // namespace cxedge::app
