// SPDX-License-Identifier: Apache-2.0
// What a node announces: dictionary parts, definitions, its state, and topics; what it is told:
// acknowledgements and requests.
#include <cstdlib>
#include <string_view>

#include "agent/wire/dictionary.hpp"
#include "agent/wire/node_state.hpp"
#include "agent/wire/platform_ack.hpp"
#include "agent/wire/request.hpp"
#include "agent/wire/topics.hpp"

namespace {

using namespace cxedge;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void definition(std::string_view bytes) {
    const auto info = wire::decode_definition(bytes);
    if (!info) {
        return;
    }
    const auto again = wire::decode_definition(wire::encode_definition(*info));
    require(again.ok() && *again == *info);
}

// Two parts in a row, so that the second meets what the first left.
void replica(std::string_view bytes) {
    wire::DictionaryReplica replica;
    (void)replica.apply(bytes);
    (void)replica.apply(bytes.substr(bytes.size() / 2));
    for (std::uint32_t id = 0; id < 8; ++id) {
        (void)replica.find(id);
        require(id == 0 || !replica.covers(0x12345678, id) || replica.find(id - 1) != nullptr);
    }
}

void told(std::string_view bytes) {
    if (const auto ack = wire::decode_platform_ack(bytes)) {
        require(*wire::decode_platform_ack(wire::encode_platform_ack(*ack)) == *ack);
    }
    if (const auto request = wire::decode_request(bytes)) {
        require(*wire::decode_request(wire::encode_request(*request)) == *request);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    definition(bytes);
    replica(bytes);
    told(bytes);
    if (const auto state = cxedge::wire::decode_node_state(bytes)) {
        require(
            *cxedge::wire::decode_node_state(cxedge::wire::encode_node_state(*state)) == *state
        );
    }
    if (const auto topic = cxedge::wire::parse_topic(bytes)) {
        require(cxedge::wire::valid_topic_name(topic->node));
    }
    return 0;
}
