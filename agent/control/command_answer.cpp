// SPDX-License-Identifier: Apache-2.0
#include "agent/control/command_answer.hpp"

#include <nlohmann/json.hpp>

namespace cxedge::control {

std::string command_answer(const CommandOutcome& outcome) {
    const nlohmann::json object{
        {"id", outcome.id},
        {"node", outcome.node},
        {"op", outcome.op},
        {"state", outcome.state},
        {"detail", outcome.detail}};
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace cxedge::control
