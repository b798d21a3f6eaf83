// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

inline constexpr const char* kDefaultSocket = "/run/cxedge/control.sock";

struct StatusOptions {
    std::string socket = kDefaultSocket;
    bool json = false;   // the agent's answer as it is, a line each time
    bool watch = false;  // again every second until interrupted
};

// What to print once. unavailable: no agent answers.
Result<std::string> fetch_status(const StatusOptions& options);

ExitCode run_status(const StatusOptions& options);

}  // namespace cxedge::ctl
