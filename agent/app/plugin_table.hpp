// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/plugin_api/source.hpp"

namespace cxedge::app {

// Every plugin of this build, sorted by name; the definition is written by CMake.
const std::vector<PluginInfo>& plugin_table();

}  // namespace cxedge::app
