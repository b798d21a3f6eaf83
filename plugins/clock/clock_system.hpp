// SPDX-License-Identifier: Apache-2.0
// Where the clock plugin looks: a seam, for the kernel of a test machine has no time source.
#pragma once

#include <functional>

namespace cxedge::plugins {

// What adjtimex(2) says.
struct KernelTime {
    int error = 0;  // errno; 0: it answered
    bool synchronised = false;
    double offset_s = 0;  // the clock minus true time, as far as the kernel corrects it itself
    double bound_s = 0;   // largest error; grows until the next measurement
};

struct ClockSystem {
    std::function<KernelTime()> kernel;
};
ClockSystem real_clock_system();

}  // namespace cxedge::plugins
