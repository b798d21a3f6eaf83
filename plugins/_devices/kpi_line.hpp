// SPDX-License-Identifier: Apache-2.0
// The text form of a sample: `name[,dim=value...] value [unix_ms]`. Pure; no allocation for a good
// line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/model/series.hpp"

namespace cxedge::devices {

struct KpiLine {
    std::string_view series;  // "name,dim=value": the key of a lookup
    double value = 0;
    std::optional<std::int64_t> time_ms;
};
// invalid_argument says in one short sentence what is wrong; it never repeats the input.
Result<KpiLine> parse_kpi_line(std::string_view line);

// "name,dim=value" -> a key; names are checked by whoever declares it.
Result<SeriesKey> parse_kpi_series(std::string_view text);

// The last millisecond of the year 9999: later times are mistakes (microseconds, most likely).
inline constexpr std::int64_t kMaxUnixMs = 253'402'300'799'999;

}  // namespace cxedge::devices
