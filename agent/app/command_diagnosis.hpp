// SPDX-License-Identifier: Apache-2.0
// What leaves the box in a diagnosis, without what looks like a secret. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/app/secret_words.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/telemetry/health.hpp"

namespace cxedge::app {

// The passwords that the agent knows, whatever stands before them in a line.
std::vector<std::string> own_secrets(const config::AgentConfig& config);

// Every text of it that may quote what others said.
void mask(telemetry::Health& health, const SecretWords& secrets);

// The newest of `lines` (oldest first) that fit into `room` bytes, as a JSON array in that order;
// of each at most 400 bytes, masked.
std::string log_lines(std::vector<std::string> lines, const SecretWords& secrets, std::size_t room);

}  // namespace cxedge::app
