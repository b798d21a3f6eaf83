// SPDX-License-Identifier: Apache-2.0
// cxctl plugins: what this version can collect, and a sample configuration of each.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct PluginEntry {
    std::string name;
    std::string summary;      // one line: what it collects
    std::string sample_toml;  // its sample.toml
};

// Every plugin of this build, sorted by name; the definition is written by CMake.
const std::vector<PluginEntry>& plugin_list();

struct PluginsOptions {
    std::string name;  // empty: list them all
    bool json = false;
};

// A line for each plugin, or the sample of one. not_found names the nearest.
Result<std::string> plugins_text(const PluginsOptions& options);
ExitCode run_plugins(const PluginsOptions& options);

}  // namespace cxedge::ctl
