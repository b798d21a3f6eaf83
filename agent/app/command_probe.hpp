// SPDX-License-Identifier: Apache-2.0
// Tests of the network as commands from afar, by program cxedge-probe. Thread: main's.
#pragma once

#include "agent/app/command_service.hpp"

namespace cxedge::app {

// Arguments: `probe` (type), `target`, and settings of the probe that name no file or directory.
// The result is the JSON object of `cxctl probe run --json`.
remote::CommandOperation run_probe_operation(const CommandSurroundings& with);
// No test runs for `ttl_s` seconds; without it until probe_start. Holds over restarts.
remote::CommandOperation probe_stop_operation(const CommandSurroundings& with);
remote::CommandOperation probe_start_operation(const CommandSurroundings& with);

}  // namespace cxedge::app
