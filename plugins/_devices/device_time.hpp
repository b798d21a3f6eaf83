// SPDX-License-Identifier: Apache-2.0
// Times as devices write them. Pure. Thread: any.
#pragma once

#include <optional>
#include <string_view>

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

// ISO 8601 / RFC 3339 ("2026-11-22T09:14:00+01:00", "...Z", with fractions, a blank for the T),
// the same without zone (local), "20261122091400" (local), "2026-11-22" (local, midnight), seconds
// or milliseconds since 1970 (as text). Empty: none of these, or no day of a calendar between 1970
// and 9999.
std::optional<DeviceTime> parse_time(std::string_view text);
// Seconds since 1970; from 10^11 on milliseconds. Empty: outside 1970 to 9999.
std::optional<DeviceTime> epoch_time(double number);

}  // namespace cxedge::devices
