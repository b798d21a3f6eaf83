// SPDX-License-Identifier: Apache-2.0
#include "agent/base/kernel_clock.hpp"

#include <sys/timex.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): POSIX time(2)

namespace cxedge {
namespace {

constexpr std::int64_t kYear2020 = 1577836800;

}  // namespace

KernelClock kernel_clock() {
    timex state{};
    const int answer = ::adjtimex(&state);
    KernelClock clock;
    clock.known = answer >= 0;
    clock.set = std::int64_t{::time(nullptr)} >= kYear2020;
    clock.synchronised = answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    clock.maximum_error_us = state.maxerror;
    clock.estimated_error_us = state.esterror;
    return clock;
}

}  // namespace cxedge
