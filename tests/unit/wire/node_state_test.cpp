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

TEST_CASE("need dictionary: only exactly that request counts", "[wire]") {
    CHECK(wire::encode_need_dictionary() == "\x08\x01");
    CHECK(wire::is_need_dictionary("\x08\x01"));
    CHECK_FALSE(wire::is_need_dictionary(""));
    CHECK_FALSE(wire::is_need_dictionary("\x08\x02"));
    CHECK_FALSE(wire::is_need_dictionary("\x08\x01\x10\x01"));
}
