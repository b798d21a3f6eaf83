// SPDX-License-Identifier: Apache-2.0
#include "agent/plugin_api/link_host.hpp"

#include <array>

#include <sys/socket.h>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

SeriesInfo counted(Kind kind, std::vector<std::string> states = {}) {
    SeriesInfo info;
    info.key = {"store.footfall.in", {{"device", "two"}}};
    info.kind = kind;
    info.states = std::move(states);
    return info;
}

}  // namespace

TEST_CASE("link host: a series stays what it was declared as", "[plugin_api]") {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const UniqueFd agent(ends[1]);
    EventLoop loop;
    const SystemClock clock;
    LinkHost host{UniqueFd(ends[0]), loop, clock, [] {
                  }};
    const auto first = host.declare(counted(Kind::delta));
    REQUIRE(first);
    const auto again = host.declare(counted(Kind::delta));
    REQUIRE(again);
    CHECK(*again == *first);
    const auto other = host.declare(counted(Kind::counter));
    REQUIRE_FALSE(other);
    CHECK_THAT(other.error().message, Catch::Contains("declared as delta before, now as counter"));
}

}  // namespace cxedge
