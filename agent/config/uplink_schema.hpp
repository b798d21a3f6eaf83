// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/settings_schema.hpp"
#include "agent/config/agent_config.hpp"

namespace cxedge::config {

Schema<UplinkConfig> uplink_schema();
Schema<SinkConfig> sink_schema();

}  // namespace cxedge::config
