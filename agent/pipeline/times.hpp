// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/pipeline/pipeline.hpp"

namespace cxedge::pipeline {

inline WallTime wall_of(const SampleTime& time, const Now& now) {
    if (time.base == SampleTime::Base::wall) {
        return from_unix_ms(time.ms);
    }
    return now.wall - (now.boot - BootTime(time.ms));
}

inline SampleTime boot_time_of(WallTime wall, const Now& now) {
    return at_boot(now.boot - (now.wall - wall));
}

}  // namespace cxedge::pipeline
