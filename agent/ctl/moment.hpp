// SPDX-License-Identifier: Apache-2.0
// Moments as an operator types them.
#pragma once

#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::ctl {

inline constexpr const char* kMomentHelp =
    "2026-11-21, 2026-11-21T09:00, the same with Z (UTC), today, yesterday, now, -90s, -30min, -2h "
    "or -7d";

// Without Z: local time of this machine. "today" and "yesterday" are its midnights.
// invalid_argument: what may be written.
Result<WallTime> parse_moment(const std::string& text, WallTime now);
// "15min", "1h", "0" (also "raw"). invalid_argument likewise.
Result<std::chrono::milliseconds> parse_step(const std::string& text);

}  // namespace cxedge::ctl
