// SPDX-License-Identifier: Apache-2.0
// The configuration, judged by everybody who has to live with it.
#pragma once

#include <string>
#include <vector>

#include "agent/app/options.hpp"
#include "agent/config/load.hpp"

namespace cxedge::app {

// Files, schema, and whether each plugin exists. `remote`: the layer that operations sent.
Result<config::Loaded> load_checked(const Places& places, const std::string& remote);

// Runs every source's init() and touches nothing else; what is wrong, one a line. Starts the
// processes of plugins that have their own and waits for them. Thread: any.
std::vector<std::string> check_sources(const config::Loaded& loaded, const Places& places);

}  // namespace cxedge::app
