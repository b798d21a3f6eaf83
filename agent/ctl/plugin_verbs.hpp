// SPDX-License-Identifier: Apache-2.0
// The command line of what plugins bring: which there are, their programs.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/model.hpp"
#include "agent/ctl/plugins.hpp"

namespace cxedge::ctl {

struct PluginVerbOptions {
    PluginsOptions plugins;
    ModelOptions model;
    bool probe_json = false;
};

// cxctl plugins, probe, model; `chosen` is what the parsed words ask for.
void add_plugin_verbs(CLI::App& app, PluginVerbOptions& options, std::function<ExitCode()>& chosen);

}  // namespace cxedge::ctl
