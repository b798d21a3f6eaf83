// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"
#include "agent/ctl/doctor/finding.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::ctl {

// What the agent that runs says of itself. unavailable: none runs.
Result<telemetry::Health> ask_agent(const std::string& socket);

// One finding on the whole, one for each source that does not work.
Findings check_agent(const Result<telemetry::Health>& answer);

}  // namespace cxedge::ctl
