// SPDX-License-Identifier: Apache-2.0
// A point of the Influx line protocol, as scripts for telegraf print it:
//   measurement[,tag=value...] field=1[,field2=2i...] [ns since 1970]
// Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/model/series.hpp"

namespace cxedge::devices {

struct InfluxPoint {
    std::string measurement;
    std::vector<Dimension> tags;                         // those without a value are left out
    std::vector<std::pair<std::string, double>> fields;  // numbers; true and false are 1 and 0
    std::size_t texts = 0;                               // fields that are texts: left out
    std::optional<std::int64_t> time_ms;
};

// invalid_argument says in one short sentence what is wrong; it never repeats the input.
// Backslashes escape blanks, commas, '=' and quotes; a point of texts only is an error.
Result<InfluxPoint> parse_influx_line(std::string_view line);

}  // namespace cxedge::devices
