// SPDX-License-Identifier: Apache-2.0
// The agent's own health as readings, so that it travels like every other measurement. Every name
// here is explained, with its remedy, in METRICS.md.
#pragma once

#include <vector>

#include "agent/model/series.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::telemetry {

struct MetricReading {
    SeriesInfo info;
    double value = 0;
};

// The states of agent.source.state, by value.
const std::vector<std::string>& source_states();

// The agent.* metrics of one heartbeat. Counters are cumulative since the agent started. A source
// whose state is not one of source_states() has no agent.source.state reading. Pure.
std::vector<MetricReading> agent_metrics(const Health& health);

}  // namespace cxedge::telemetry
