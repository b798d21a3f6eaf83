// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/ctl/exit_code.hpp"
#include "agent/ctl/status.hpp"

namespace cxedge::ctl {

struct FlushOptions {
    std::string socket = kDefaultSocket;
    double timeout_s = 30;
    bool json = false;  // {"delivered":true}, or false and why
};

// Asks {"op":"flush","timeout_s":30}: the agent seals its open batches and answers once the broker
// has acknowledged everything, or says what still waits when the time is up. unavailable: no agent
// answers; exhausted: not everything was delivered in time.
Status flush(const FlushOptions& options);

ExitCode run_flush(const FlushOptions& options);

}  // namespace cxedge::ctl
