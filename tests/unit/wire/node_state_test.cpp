// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/node_state.hpp"

#include "tests/support/catch.hpp"

using namespace cxedge;

TEST_CASE("node state: arrives as it was sent", "[wire]") {
    const wire::NodeState sent{
        true, 12, 0xFEDCBA9876543210U, "0.1.0", from_unix_ms(1'700'000'000'123)};
    const auto received = wire::decode_node_state(wire::encode_node_state(sent));
    REQUIRE(received);
    CHECK(*received == sent);
    const wire::NodeState nothing;
    CHECK(*wire::decode_node_state(wire::encode_node_state(nothing)) == nothing);
}

TEST_CASE("node state: garbage is corrupt", "[wire]") {
    const auto received = wire::decode_node_state("\x0F\x01");
    REQUIRE_FALSE(received);
    CHECK(received.error().code == ErrorCode::corrupt);
    CHECK_FALSE(wire::decode_node_state(std::string(5000, '\0')));
}
