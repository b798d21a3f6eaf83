// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge {

// The first moment after `after` at which clocks on the wall show `time_of_day` (minutes since
// midnight) in the time zone of the box (TZ, or /etc/localtime). A time that the change to summer
// time leaves out comes an hour later that day; one that occurs twice is taken once. Thread: any.
WallTime next_local_time(WallTime after, std::chrono::minutes time_of_day);

// "04:00" to minutes since midnight; invalid_argument: not HH:MM.
Result<std::chrono::minutes> parse_time_of_day(std::string_view text);

}  // namespace cxedge
