// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "plugins/stamp_reflector/reflector_gate.hpp"
#include "plugins/stamp_reflector/reflector_sessions.hpp"
#include "plugins/stamp_reflector/reflector_settings.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace plugins;
using namespace std::chrono_literals;

SocketAddress host(const std::string& text, std::uint16_t port = 5000) {
    return *SocketAddress::parse(text, port);
}

bool fits(const std::string& network, const std::string& address) {
    const auto parsed = Network::parse(network);
    REQUIRE(parsed);
    return parsed->holds(host(address));
}

const SteadyTime kStart{1h};

}  // namespace

TEST_CASE("reflector: networks hold what they hold", "[plugins][stamp]") {
    CHECK(fits("10.0.0.0/8", "10.255.0.1"));
    CHECK_FALSE(fits("10.0.0.0/8", "11.0.0.1"));
    CHECK(fits("10.1.2.200/25", "10.1.2.128"));
    CHECK_FALSE(fits("10.1.2.200/25", "10.1.2.127"));
    CHECK(fits("192.0.2.7", "192.0.2.7"));
    CHECK_FALSE(fits("192.0.2.7", "192.0.2.6"));
    CHECK(fits("0.0.0.0/0", "203.0.113.9"));
    CHECK_FALSE(fits("0.0.0.0/0", "::1"));
    CHECK(fits("fd00::/8", "fdff::1"));
    CHECK_FALSE(fits("fd00::/8", "fe00::1"));
    CHECK(fits("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(fits("2001:db8::/33", "2001:db8:8000::1"));
    for (const char* wrong :
         {"",
          "10.0.0.0/33",
          "10.0.0.0/",
          "10.0.0/8",
          "::/129",
          "fe80::%lo/64",
          "10.0.0.0/-1",
          "a/8"}) {
        CAPTURE(wrong);
        CHECK_FALSE(Network::parse(wrong));
    }
}

TEST_CASE("reflector: one address gets so many answers a second", "[plugins][stamp]") {
    ReflectorRate rate(10, 1'000);
    int taken = 0;
    for (int i = 0; i < 50; ++i) {
        taken += rate.take(host("10.0.0.1"), kStart) ? 1 : 0;
    }
    CHECK(taken == 10);
    CHECK(rate.take(host("10.0.0.2"), kStart));
    CHECK_FALSE(rate.take(host("10.0.0.1", 5001), kStart));
    CHECK(rate.take(host("10.0.0.1"), kStart + 100ms));
    CHECK_FALSE(rate.take(host("10.0.0.1"), kStart + 100ms));
    CHECK(rate.size() == 2);
}

TEST_CASE("reflector: all addresses together get so many answers", "[plugins][stamp]") {
    ReflectorRate rate(10, 100);
    int taken = 0;
    for (int i = 0; i < 10'000; ++i) {
        taken += rate.take(host(fmt::format("10.0.{}.{}", i / 250, i % 250)), kStart) ? 1 : 0;
    }
    CHECK(taken == 100);
    CHECK(rate.size() <= ReflectorRate::kMostAddresses);
    CHECK(rate.take(host("10.9.9.9"), kStart + 10s));
    CHECK(rate.size() < 10);
}

TEST_CASE("reflector: each session has numbers of its own", "[plugins][stamp]") {
    ReflectorSessions sessions(3, 60s);
    CHECK(sessions.next(host("10.0.0.1"), 1, kStart) == 0);
    CHECK(sessions.next(host("10.0.0.1"), 1, kStart + 1s) == 1);
    CHECK(sessions.next(host("10.0.0.1"), 2, kStart + 2s) == 0);
    CHECK(sessions.next(host("10.0.0.1", 5001), 1, kStart + 3s) == 0);
    CHECK(sessions.next(host("10.0.0.1"), 1, kStart + 4s) == 2);
    // The one that was silent longest, 2, goes.
    CHECK(sessions.next(host("fd00::1"), 1, kStart + 5s) == 0);
    CHECK(sessions.size() == 3);
    CHECK(sessions.next(host("10.0.0.1"), 1, kStart + 6s) == 3);
    CHECK(sessions.next(host("10.0.0.1"), 2, kStart + 7s) == 0);
    CHECK(sessions.next(host("10.0.0.1"), 1, kStart + 80s) == 0);
}

TEST_CASE("reflector: where to listen is an address and a port", "[plugins][stamp]") {
    CHECK(parse_listen("0.0.0.0:862")->port() == 862);
    CHECK(parse_listen("[::1]:0")->text() == "::1");
    for (const char* wrong :
         {"",
          ":862",
          "862",
          "0.0.0.0",
          "::1:862",
          "[10.0.0.1]:862",
          "a:1",
          "1.2.3.4:65536",
          "[]:1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_listen(wrong));
    }
}

}  // namespace cxedge::test
