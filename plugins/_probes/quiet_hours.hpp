// SPDX-License-Identifier: Apache-2.0
// Times of the local day without tests: "02:00-04:00", "22:00-06:00" over midnight. Thread: any.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::probes {

struct QuietHours {
    std::chrono::minutes from{0};  // since midnight
    std::chrono::minutes to{0};    // the first minute that is not quiet
};

// invalid_argument: not HH:MM-HH:MM, or nothing between the two.
Result<QuietHours> parse_quiet_hours(const std::string& text);
// Clocks on the wall decide, so that summer time moves them.
bool is_quiet(const std::vector<QuietHours>& hours, WallTime now);

}  // namespace cxedge::probes
