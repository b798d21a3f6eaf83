// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/request.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace cxedge;
using wire::NeedDictionary;
using wire::Request;
using wire::Resend;

namespace {

std::string error_of(const std::string& payload) {
    const auto request = wire::decode_request(payload);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == ErrorCode::corrupt);
    return request.error().message;
}

}  // namespace

TEST_CASE("request: the dictionary is asked for with two bytes", "[wire]") {
    CHECK(wire::encode_request(NeedDictionary{}) == "\x08\x01");
    CHECK(*wire::decode_request("\x08\x01") == Request(NeedDictionary{}));
    // Fields that this version does not know, or does not need, change nothing.
    CHECK(*wire::decode_request("\x08\x01\x10\x01\x78\x05") == Request(NeedDictionary{}));
}

TEST_CASE("request: a resend arrives as it was sent", "[wire]") {
    for (const Resend& sent :
         {Resend{Lane::control, 0xFEDCBA9876543210U, 1, 1},
          Resend{Lane::bulk, 1, 7, 0xFFFFFFFFFFFFFFFFU}}) {
        const auto received = wire::decode_request(wire::encode_request(sent));
        REQUIRE(received);
        CHECK(*received == Request(sent));
    }
}

TEST_CASE("request: anything else says what is wrong with it", "[wire]") {
    CHECK(error_of("") == "request: 0 is unknown");
    CHECK(error_of("\x08\x63") == "request: 99 is unknown");
    CHECK(error_of("\x08") == "request: 1 bytes are not a Request");
    CHECK(error_of(std::string(5000, '\0')) == "request: 5000 bytes are not a Request");
    CHECK(error_of("\x08\x02") == "request: seq 0 to 0 is no range");
    CHECK(error_of("\x08\x02\x10\x03\x20\x01\x28\x01") == "request: lane 3 is unknown");
    CHECK(error_of("\x08\x02\x20\x05\x28\x04") == "request: seq 5 to 4 is no range");
}
