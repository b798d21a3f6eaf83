// SPDX-License-Identifier: Apache-2.0
// What no single key can tell: settings that need or exclude each other.
#pragma once

#include <string_view>

#include "agent/base/settings.hpp"
#include "agent/config/agent_config.hpp"

namespace cxedge::config {

// `merged` is the tree that `config` was read from.
void check_agent(const AgentConfig& config, const SettingsNode& merged, SettingsProblems& problems);
// `node` is the [[sink]] that the last of `sinks` was read from.
void check_sink(
    const std::vector<SinkConfig>& sinks,
    const SettingsNode& node,
    std::string_view path,
    SettingsProblems& problems
);
// `node` is the [[rule]] that `rule` was read from.
void check_rule(
    const RuleConfig& rule,
    const SettingsNode& node,
    std::string_view path,
    SettingsProblems& problems
);
// `node` is the [[occupancy]] that the last of `occupancies` was read from.
void check_occupancy(
    const std::vector<OccupancyConfig>& occupancies,
    const SettingsNode& node,
    std::string_view path,
    SettingsProblems& problems
);
// `list` is the merged list of [[source]]s.
void check_source_names(const SettingsNode& list, SettingsProblems& problems);

}  // namespace cxedge::config
