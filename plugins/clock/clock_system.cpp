// SPDX-License-Identifier: Apache-2.0
#include "plugins/clock/clock_system.hpp"

#include <cerrno>

#include <sys/timex.h>

namespace cxedge::plugins {
namespace {

KernelTime ask_kernel() {
    timex state{};
    KernelTime time;
    const int answer = ::adjtimex(&state);
    if (answer < 0) {
        time.error = errno;
        return time;
    }
    // adjtimex(2): the offset is what is yet to be added to the clock.
    const double unit = (state.status & STA_NANO) != 0 ? 1e-9 : 1e-6;
    time.synchronised = answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    time.offset_s = state.offset == 0 ? 0 : -static_cast<double>(state.offset) * unit;
    time.bound_s = static_cast<double>(state.maxerror) * 1e-6;
    return time;
}

}  // namespace

ClockSystem real_clock_system() {
    return {ask_kernel};
}

}  // namespace cxedge::plugins
