// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/platform_ack.hpp"

#include "tests/support/catch.hpp"

using namespace cxedge;
using wire::PlatformAck;

TEST_CASE("platform ack: arrives as it was sent", "[wire]") {
    const PlatformAck sent{
        true,
        {{0xFEDCBA9876543210U, Lane::control, 0},
         {0xFEDCBA9876543210U, Lane::live, 0xFFFFFFFFFFFFFFFFU},
         {1, Lane::bulk, 300}}};
    const auto received = wire::decode_platform_ack(wire::encode_platform_ack(sent));
    REQUIRE(received);
    CHECK(*received == sent);
    const PlatformAck most{true, std::vector(wire::kMaxLaneAcks, wire::LaneAck{~0ULL, {}, ~0ULL})};
    CHECK(*wire::decode_platform_ack(wire::encode_platform_ack(most)) == most);
}

TEST_CASE("platform ack: nothing, or a clear no, is a withdrawal", "[wire]") {
    CHECK(*wire::decode_platform_ack("") == PlatformAck{});
    CHECK(*wire::decode_platform_ack(wire::encode_platform_ack({})) == PlatformAck{});
    CHECK_FALSE(wire::decode_platform_ack(std::string("\x08\x00", 2))->platform_ack);
}

TEST_CASE("platform ack: garbage is corrupt", "[wire]") {
    const auto error = [](const std::string& payload) {
        const auto ack = wire::decode_platform_ack(payload);
        REQUIRE_FALSE(ack);
        CHECK(ack.error().code == ErrorCode::corrupt);
        return ack.error().message;
    };
    CHECK(error("\x08") == "ack: 1 bytes are not an Ack");
    CHECK(error("\x08\x01\x12\x02\x10\x03") == "ack: lane 3 is unknown");
    CHECK(error(std::string(20'000, '\0')) == "ack: 20000 bytes are not an Ack");
    std::string many;
    for (int i = 0; i < 257; ++i) {
        many += std::string("\x12\x00", 2);
    }
    CHECK(error(many) == "ack: 257 lanes, at most 256");
}
