// SPDX-License-Identifier: Apache-2.0
// The JSON form of a sample: one object a line. Pure; exceptions of the JSON library stay inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/model/series.hpp"

namespace cxedge::plugins {

struct KpiJson {
    SeriesInfo info;           // dimensions in the order of their keys
    std::optional<Kind> kind;  // also in `info`; none: not said
    double value = 0;
    std::optional<std::int64_t> time_ms;
};
// {"name":..,"value":..,"dims":{..},"time_ms":..,"kind":..,"unit":..,"states":[..]}; name and value
// are required. The value of a state may be one of its texts.
Result<KpiJson> parse_kpi_json(std::string_view line);

}  // namespace cxedge::plugins
