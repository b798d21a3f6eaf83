// SPDX-License-Identifier: Apache-2.0
// Where to connect to, when, with which protocol; and how fast to send.
#include <algorithm>

#include "agent/uplink/connector.hpp"
#include "agent/uplink/endpoint_list.hpp"
#include "agent/uplink/protocol_choice.hpp"
#include "agent/uplink/reconnect_pace.hpp"
#include "agent/uplink/token_bucket.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr SteadyTime kStart{std::chrono::hours(1)};
constexpr Loss kRefused{Reached::name, 0, false};
constexpr Loss kClosed{Reached::server, 0, true};
constexpr Loss kDenied{Reached::server, 0x87, false};

ReconnectPace::Options pace_options() {
    ReconnectPace::Options options;
    options.seed = 7;
    return options;
}

}  // namespace

TEST_CASE("pace: a refused TCP connection is tried again at once for two minutes", "[uplink]") {
    ReconnectPace pace(pace_options());
    SteadyTime now = kStart;
    while (now - kStart < seconds(120)) {
        pace.attempted(now);
        const milliseconds wait = pace.lost(kRefused, now);
        REQUIRE(wait >= milliseconds(200));
        REQUIRE(wait <= milliseconds(400));
        now += wait;
    }
    milliseconds longest{0};
    for (int i = 0; i < 100; ++i) {
        pace.attempted(now);
        const milliseconds wait = pace.lost(kRefused, now);
        REQUIRE(wait >= milliseconds(1000));
        REQUIRE(wait <= milliseconds(300000));
        longest = std::max(longest, wait);
        now += wait;
    }
    CHECK(longest > seconds(60));
}

TEST_CASE("pace: what costs the broker something is tried with care", "[uplink]") {
    ReconnectPace pace(pace_options());
    pace.attempted(kStart);
    SECTION("refused after TCP") {
        CHECK(pace.lost(kDenied, kStart) >= milliseconds(1000));
    }
    SECTION("a network that swallows packets") {
        CHECK(pace.lost(kRefused, kStart + seconds(10)) >= milliseconds(1000));
    }
    SECTION("a name that is not found") {
        CHECK(pace.lost({}, kStart) >= milliseconds(1000));
    }
    SECTION("a stall") {
        pace.connected(kStart);
        CHECK(pace.stalled(kStart + seconds(100)) >= milliseconds(1000));
    }
    SECTION("a fight for the client id, with and without a reason") {
        pace.connected(kStart);
        CHECK(pace.lost({Reached::session, 0x8e, false}, kStart + seconds(60)) >= seconds(1));
        pace.connected(kStart);
        CHECK(pace.lost({Reached::session, 0, true}, kStart + seconds(1)) >= seconds(1));
    }
    SECTION("but a broker that went away is looked for at once") {
        pace.connected(kStart);
        CHECK(pace.lost({Reached::session, 0, true}, kStart + seconds(10)) <= milliseconds(400));
        pace.connected(kStart);
        CHECK(
            pace.lost({Reached::session, 0x8b, false}, kStart + seconds(10)) <= milliseconds(400)
        );
    }
}

TEST_CASE("pace: fast_retry_s = 0 means never fast", "[uplink]") {
    ReconnectPace::Options options = pace_options();
    options.fast_for = milliseconds(0);
    ReconnectPace pace(options);
    pace.attempted(kStart);
    CHECK(pace.lost(kRefused, kStart) >= milliseconds(1000));
}

TEST_CASE("pace: three failures in a row move on, a success sticks", "[uplink]") {
    EndpointList list({{"a", 1, false}, {"b", 2, true}, {"c", 3, false}});
    CHECK_FALSE(list.failed());
    CHECK_FALSE(list.failed());
    list.succeeded();
    CHECK_FALSE(list.failed());
    CHECK_FALSE(list.failed());
    CHECK(list.failed());
    CHECK(list.current().host == "b");
    for (int i = 0; i < 6; ++i) {
        list.failed();
    }
    CHECK(list.on_preferred());
    EndpointList alone({{"a", 1, false}});
    for (int i = 0; i < 10; ++i) {
        CHECK_FALSE(alone.failed());
    }
}

TEST_CASE("pace: an endpoint is named as one would type it", "[uplink]") {
    CHECK(to_string(Endpoint{"broker.example", 1883, false}) == "broker.example:1883");
    CHECK(to_string(Endpoint{"::1", 8883, true}) == "[::1]:8883");
}

TEST_CASE("pace: MQTT 3.1.1 where 5.0 is not spoken, and 5.0 again after an hour", "[uplink]") {
    ProtocolChoice choice;
    CHECK(choice.current(kStart) == Protocol::v5);
    SECTION("said so") {
        choice.lost({Reached::server, 0x84, false}, kStart);
    }
    SECTION("closed twice") {
        choice.lost(kClosed, kStart);
        CHECK(choice.current(kStart) == Protocol::v5);
        choice.lost(kClosed, kStart);
    }
    REQUIRE(choice.current(kStart) == Protocol::v311);
    choice.connected(kStart);
    CHECK(choice.current(kStart + std::chrono::minutes(59)) == Protocol::v311);
    CHECK(choice.current(kStart + std::chrono::minutes(61)) == Protocol::v5);
}

TEST_CASE("pace: a failure that is no matter of protocol does not change it", "[uplink]") {
    ProtocolChoice choice;
    for (int i = 0; i < 5; ++i) {
        choice.lost(kDenied, kStart);
        choice.lost(kRefused, kStart);
        choice.lost({Reached::session, 0, true}, kStart);
    }
    CHECK(choice.current(kStart) == Protocol::v5);
    choice.lost(kClosed, kStart);
    choice.lost(kClosed, kStart);
    REQUIRE(choice.current(kStart) == Protocol::v311);
    choice.lost(kClosed, kStart);  // 3.1.1 is no better
    CHECK(choice.current(kStart) == Protocol::v5);
}

TEST_CASE("pace: a token bucket keeps its rate for packets of any size", "[uplink]") {
    const auto drain = [](std::uint64_t packet) {
        TokenBucket bucket(64U << 10U, 256U << 10U);
        SteadyTime now = kStart;
        std::uint64_t sent = 0;
        while (now - kStart < seconds(100)) {
            if (bucket.ready(now)) {
                bucket.take(packet, now);
                sent += packet;
            } else {
                REQUIRE(bucket.due(now));
                REQUIRE(*bucket.due(now) > now);
                now = *bucket.due(now);
            }
        }
        return sent;
    };
    const double expected = 100.0 * (64U << 10U) + (256U << 10U);
    for (const std::uint64_t packet : {100U, 16'000U, 1'000'000U}) {
        CAPTURE(packet);
        const auto sent = static_cast<double>(drain(packet));
        CHECK(sent >= expected * 0.95);
        CHECK(sent <= expected + static_cast<double>(packet) + 70'000);
    }
    const TokenBucket unlimited(0, 1);
    CHECK(unlimited.ready(kStart));
    CHECK_FALSE(unlimited.due(kStart));
}

}  // namespace cxedge::uplink
