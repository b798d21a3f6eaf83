// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/settings_schema.hpp"
#include "agent/config/agent_config.hpp"

namespace cxedge::config {

// [history]
Schema<HistoryConfig> history_schema();

}  // namespace cxedge::config
