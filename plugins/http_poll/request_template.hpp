// SPDX-License-Identifier: Apache-2.0
// Times in what a device is asked: "{from:%Y-%m-%dT%H:%M:%S}". Pure but for the time zone of the
// box. Thread: any.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"

namespace cxedge::plugins {

// The period that a search is about: ends at the last full `align` of the day (of the clock on the
// wall; so it ends with an interval that is over) and is `window` long.
struct SearchPeriod {
    std::chrono::seconds window{7'200};
    std::chrono::seconds align{3'600};
};

// Replaces {now}, {today}, {from}, {to}, each with an optional format of strftime(3) behind a
// colon; everything else in braces stays as it is.
std::string fill_in(std::string_view text, WallTime now, const SearchPeriod& period);
// Likewise in a URL: what is not allowed there is percent-encoded.
std::string fill_in_url(std::string_view url, WallTime now, const SearchPeriod& period);

// What is wrong with the formats in `text`, or empty. `all`: other words in braces are wrong, too.
std::string check_times(std::string_view text, bool all);

}  // namespace cxedge::plugins
