// SPDX-License-Identifier: Apache-2.0
// What became of a command, as JSON: on its response topic, and of `cxctl cmd --json`.
//   {"detail":"pong","id":"01J...","node":"gateway-1","op":"ping","state":"succeeded"}
#pragma once

#include <string>

namespace cxedge::control {

struct CommandOutcome {
    std::string id;  // ULID
    std::string node;
    std::string op;
    std::string state;  // remote::to_string(CommandState)
    std::string detail;
};
std::string command_answer(const CommandOutcome& outcome);

}  // namespace cxedge::control
