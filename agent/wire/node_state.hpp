// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::wire {

struct NodeState {
    bool online = false;
    std::uint32_t boot = 0;
    std::uint64_t session = 0;
    std::string version;
    WallTime at{};
    bool operator==(const NodeState&) const = default;
};
std::string encode_node_state(const NodeState& state);
Result<NodeState> decode_node_state(std::string_view payload);

}  // namespace cxedge::wire
