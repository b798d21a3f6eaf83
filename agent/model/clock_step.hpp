// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "agent/model/sample.hpp"

namespace cxedge {

// The wall clock was set while the node ran.
struct ClockStep {
    SampleTime time;
    std::int64_t before_ms = 0;  // UTC ms that the clock showed
    std::int64_t after_ms = 0;   // and at the same moment after the step
    bool operator==(const ClockStep&) const = default;
};

}  // namespace cxedge
