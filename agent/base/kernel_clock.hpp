// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace cxedge {

// What the kernel says of the wall clock (adjtimex(2)).
struct KernelClock {
    bool known = false;         // the kernel answered
    bool set = false;           // shows a year in which this program existed: 2020 or later
    bool synchronised = false;  // something corrects it
    std::int64_t maximum_error_us = 0;
    std::int64_t estimated_error_us = 0;
};
// Thread: any.
KernelClock kernel_clock();

}  // namespace cxedge
