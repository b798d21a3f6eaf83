// SPDX-License-Identifier: Apache-2.0
// AgentConfig's keys: names, ranges, help texts. Rules and sources are read one by one (load.cpp),
// so the schema of the whole leaves them out.
#pragma once

#include "agent/base/settings.hpp"
#include "agent/config/agent_config.hpp"

namespace cxedge::config {

Schema<AgentConfig> agent_schema();
Schema<RuleConfig> rule_schema();
Schema<OccupancyConfig> occupancy_schema();
Schema<SourceConfig> source_schema();

}  // namespace cxedge::config
