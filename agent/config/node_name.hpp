// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/config/agent_config.hpp"

namespace cxedge::config {

// node.id, or the host name where it is empty. Thread: any.
std::string node_name(const NodeConfig& node);

}  // namespace cxedge::config
