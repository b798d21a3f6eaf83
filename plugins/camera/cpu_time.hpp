// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

namespace cxedge::camera {

// Processor time that the calling thread has used, in seconds.
inline double thread_cpu_s() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

}  // namespace cxedge::camera
