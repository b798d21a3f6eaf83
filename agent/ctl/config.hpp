// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

struct ConfigOptions {
    std::string file;
    std::string profiles_dir = "/usr/share/cxedge";
    bool origin = false;  // show: where each setting comes from
};

// The merged settings, one a line.
ExitCode run_config_show(const ConfigOptions& options);
// Every mistake with its place; the settings of plugins are theirs to check (`cxedged check`).
ExitCode run_config_check(const ConfigOptions& options);

}  // namespace cxedge::ctl
