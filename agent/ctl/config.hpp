// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct ConfigOptions {
    std::string file;
    std::string profiles_dir = "/usr/share/cxedge";
    std::string remote_file;  // a layer above it, as it would be pushed; empty: none
    bool origin = false;      // show: where each setting comes from
    // show: {"key","value","origin"} a line, value as TOML; diff: {"removed":[..],"added":[..]};
    // check, and what does not load: {"ok","problems":[..]}.
    bool json = false;
};

// The merged settings, one a line.
ExitCode run_config_show(const ConfigOptions& options);
// What the remote layer changes: "- key = old" and "+ key = new" lines. Status 1 if it loads and
// changes nothing, so that a script can tell.
ExitCode run_config_diff(const ConfigOptions& options);
// Every mistake with its place; the settings of plugins are theirs to check (`cxedged check`).
ExitCode run_config_check(const ConfigOptions& options);

}  // namespace cxedge::ctl
