// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/envelope.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::wire {
namespace {

TEST_CASE("envelope: bytes are those of the schema", "[wire]") {
    const Envelope envelope{"B", {{"12345678", std::string(64, 's')}}};
    const std::string bytes = encode_envelope(envelope);
    // body: field 1, 1 byte; signature: field 2, 10 + 66 bytes.
    CHECK(
        bytes ==
        "\x0a\x01"
        "B"
        "\x12\x4c\x0a\x08"
        "12345678"
        "\x12\x40" +
            std::string(64, 's')
    );
    const auto read = decode_envelope(bytes);
    REQUIRE(read);
    CHECK(*read == envelope);
}

TEST_CASE("envelope: fields of later versions are passed over", "[wire]") {
    const Envelope envelope{"B", {{"12345678", std::string(64, 's')}}};
    const auto read = decode_envelope(
        encode_envelope(envelope) +
        "\x1a\x02"
        "zz"
        "\x20\x05"
    );
    REQUIRE(read);
    CHECK(*read == envelope);
}

TEST_CASE("envelope: without signature or key it is none", "[wire]") {
    CHECK_FALSE(decode_envelope(""));
    CHECK_FALSE(decode_envelope(encode_envelope({"B", {}})));
    CHECK_FALSE(decode_envelope(encode_envelope({"B", {{"1234567", std::string(64, 's')}}})));
    CHECK_FALSE(decode_envelope(encode_envelope({"B", {{"12345678", "s"}}})));
    CHECK_FALSE(decode_envelope("\x0b\x0b\x0b"));
}

}  // namespace
}  // namespace cxedge::wire
