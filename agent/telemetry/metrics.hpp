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

// The modes of agent.storage.mode: normal, low, full and degraded are store::StorageMode; memory:
// the state directory cannot be used, all is in the runtime directory.
const std::vector<std::string>& storage_modes();

// The agent.* metrics of one heartbeat. Counters are cumulative since the agent started; `before`
// is the picture of the heartbeat before, or an empty one. A state that is not one of the declared
// has no reading. Pure.
std::vector<MetricReading> agent_metrics(const Health& health, const Health& before);

}  // namespace cxedge::telemetry
