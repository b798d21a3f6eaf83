// SPDX-License-Identifier: Apache-2.0
// Gaps, dead letters and clock steps in a body.
#include "tests/unit/wire/samples.hpp"

namespace cxedge::test {
namespace {

using wire::BatchBuilder;
using wire::Declared;

constexpr std::uint64_t kEpoch = 0xFEDCBA9876543210U;

Declared<Gap> gap(SampleTime time) {
    return {time, {Lane::bulk, kEpoch, 7, 70, 8000, 3, GapCause::quota}};
}

Declared<DeadLetter> dead_letter(SampleTime time) {
    return {time, {Lane::live, kEpoch, 5, 200, 1, 0x87, 4}};
}

std::string body_error(const std::string& body) {
    wire::ReceivedBatch batch{header(), {}};
    batch.body.bytes = body;
    const auto decoded = wire::decode_body(batch);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == ErrorCode::corrupt);
    return decoded.error().message;
}

}  // namespace

TEST_CASE("declarations: arrive as they were sent, with UTC times", "[wire]") {
    BatchBuilder builder;
    builder.add(gap(at_boot(BootTime(9000))));
    builder.add(gap(at_wall(from_unix_ms(-5))));
    builder.add(dead_letter(at_boot(BootTime(9001))));
    builder.add(ClockStep{at_boot(BootTime(8999)), 1000, 1'700'000'000'000});
    CHECK_FALSE(builder.empty());
    const std::size_t estimate = builder.estimated_bytes();
    const wire::SealedBody body = builder.seal();
    CHECK(builder.empty());
    CHECK(body.bytes.size() <= estimate);
    CHECK(body.samples == 0);
    CHECK(body.events == 0);
    CHECK(body.dict_size == 0);
    CHECK(body.t0 == BootTime(9000));
    const auto decoded = deliver(body);
    REQUIRE(decoded);
    REQUIRE(decoded->gaps.size() == 2);
    CHECK(decoded->gaps[0] == gap(at_wall(from_unix_ms(kT0UnixMs))));
    CHECK(decoded->gaps[1] == gap(at_wall(from_unix_ms(-5))));
    REQUIRE(decoded->dead.size() == 1);
    CHECK(decoded->dead[0] == dead_letter(at_wall(from_unix_ms(kT0UnixMs + 1))));
    REQUIRE(decoded->clock_steps.size() == 1);
    CHECK(
        decoded->clock_steps[0] ==
        ClockStep{at_wall(from_unix_ms(kT0UnixMs - 1)), 1000, 1'700'000'000'000}
    );
}

TEST_CASE("declarations: every cause arrives as itself, a newer one as unknown", "[wire]") {
    for (int cause = 0; cause <= static_cast<int>(GapCause::split) + 1; ++cause) {
        BatchBuilder builder;
        Declared<Gap> sent = gap(at_wall(from_unix_ms(1)));
        sent.what.cause = static_cast<GapCause>(cause);
        builder.add(sent);
        const auto decoded = deliver(builder.seal());
        REQUIRE(decoded);
        const bool known = cause <= static_cast<int>(GapCause::split);
        CHECK(decoded->gaps.at(0).what.cause == (known ? sent.what.cause : GapCause::unknown));
    }
}

TEST_CASE("declarations: what never had a number is a gap without a range", "[wire]") {
    BatchBuilder builder;
    Declared<Gap> sent = gap(at_wall(from_unix_ms(1)));
    sent.what.first_seq = 0;
    sent.what.last_seq = 0;
    builder.add(sent);
    const auto decoded = deliver(builder.seal());
    REQUIRE(decoded);
    CHECK(decoded->gaps.at(0) == sent);
}

TEST_CASE("declarations: ones that make no sense say where and what", "[wire]") {
    using namespace std::string_literals;
    CHECK(body_error("\x1A\x02\x08\x03"s) == "body: gap 0: lane 3 is unknown");
    CHECK(body_error("\x1A\x00\x1A\x02\x18\x02"s) == "body: gap 1: seq 2 to 0 is no range");
    CHECK(body_error("\x1A\x02\x20\x02"s) == "body: gap 0: seq 0 to 2 is no range");
    CHECK(body_error("\x1A\x04\x18\x03\x20\x02"s) == "body: gap 0: seq 3 to 2 is no range");
    CHECK(body_error("\x1A\x01\x08"s) == "body: gap 0: 1 bytes are not a Gap");
    CHECK(body_error("\x22\x02\x08\x07"s) == "body: dead 0: lane 7 is unknown");
    CHECK(body_error("\x22\x03\x30\x80\x02"s) == "body: dead 0: reason 256 is no MQTT reason code");
    CHECK(body_error("\x2A\x01\x08"s) == "body: clock_step 0: 1 bytes are not a ClockStep");
    std::string many;
    for (std::size_t i = 0; i <= wire::kMaxBodyDeclarations; ++i) {
        many += i % 2 == 0 ? "\x1A\x00"s : "\x2A\x00"s;
    }
    CHECK(body_error(many) == "body: more than 65536 declarations");
}

}  // namespace cxedge::test
