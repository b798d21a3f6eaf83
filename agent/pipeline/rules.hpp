// SPDX-License-Identifier: Apache-2.0
// Which settings apply to a series: rules, catalogue, defaults -> a plan. Pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/pipeline/pipeline.hpp"

namespace cxedge::pipeline {

// What happens to one incoming series.
struct Plan {
    Keep keep = Keep::window;
    std::chrono::milliseconds window{60000};
    std::chrono::milliseconds stale{300000};
    std::chrono::milliseconds stuck{0};  // 0: may stay the same for ever
    std::vector<GaugeStat> stats{GaugeStat::mean};
    Stream stream = Stream::kpi;
    std::string unit;
    std::vector<Dimension> labels;
};

// invalid_argument: the metric is unknown and no rule gives it a unit, or unit or kind contradict
// the catalogue; the message says what to add where.
Result<Plan> plan_for(const SeriesInfo& info, const PipelineOptions& options);

}  // namespace cxedge::pipeline
