// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/kernel_clock.hpp"
#include "agent/ctl/doctor/finding.hpp"

namespace cxedge::ctl {

Finding check_clock(const KernelClock& clock);

}  // namespace cxedge::ctl
