// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/node_state.hpp"

#include <cstddef>

#include <fmt/core.h>

#include "agent/wire/text.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr std::size_t kMaxStateBytes = 4096;

}  // namespace

std::string encode_node_state(const NodeState& state) {
    cx::v1::NodeState out;
    out.set_online(state.online);
    out.set_boot(state.boot);
    out.set_session(state.session);
    out.set_version(clean_utf8(state.version));
    out.set_at_ms(unix_ms(state.at));
    return out.SerializeAsString();
}

Result<NodeState> decode_node_state(std::string_view payload) {
    cx::v1::NodeState in;
    if (payload.size() > kMaxStateBytes ||
        !in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("state: {} bytes are not a NodeState", payload.size()));
    }
    return NodeState{in.online(), in.boot(), in.session(), in.version(), from_unix_ms(in.at_ms())};
}

}  // namespace cxedge::wire
