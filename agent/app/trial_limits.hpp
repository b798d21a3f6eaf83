// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/config/agent_config.hpp"

namespace cxedge::app {

// What a configuration on trial would delete for good, it deletes once it is confirmed: until then
// the queue and the history keep as much as `good` lets them. True: something was widened. Pure.
bool keep_what_good_keeps(config::AgentConfig& on_trial, const config::AgentConfig& good);

}  // namespace cxedge::app
