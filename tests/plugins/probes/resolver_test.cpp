// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/resolver.hpp"

#include <iostream>
#include <optional>

#include "tests/support/catch.hpp"
#include "tests/support/net_namespace.hpp"

using namespace cxedge;
using namespace cxedge::probes;
using namespace cxedge::test;
using namespace std::chrono_literals;

namespace {

struct Asking {
    EventLoop loop;
    Resolver resolver{loop};

    std::optional<Result<Resolver::Found>> ask(
        const std::string& name, Family family, std::chrono::milliseconds timeout = 5s
    ) {
        std::optional<Result<Resolver::Found>> got;
        const auto question =
            resolver.resolve(name, family, timeout, [&](const Result<Resolver::Found>& found) {
                got = found;
                loop.stop();
            });
        CHECK_FALSE(got);
        const LoopHandle patience = loop.after(30s, [this] { loop.stop(); });
        loop.run();
        return got;
    }
};

}  // namespace

TEST_CASE("resolver: addresses are their own answer", "[probes]") {
    Asking asking;
    const auto four = asking.ask("192.0.2.1", Family::any);
    REQUIRE((four && *four));
    CHECK((*four)->addresses.at(0).text() == "192.0.2.1");
    CHECK((*four)->took == 0us);
    const auto other = asking.ask("192.0.2.1", Family::v6);
    REQUIRE(other);
    CHECK(other->error().code == ErrorCode::not_found);
}

TEST_CASE("resolver: knows the hosts file", "[probes]") {
    Asking asking;
    const auto found = asking.ask("localhost", Family::v4);
    REQUIRE((found && *found));
    CHECK((*found)->addresses.at(0).text() == "127.0.0.1");
}

TEST_CASE(
    "resolver: no name server is told in time, and what is asked can be dropped", "[probes]"
) {
    if (!NetNamespace::available()) {
        std::cout << "skipped: needs root\n";
        return;
    }
    const NetNamespace alone;
    const NetNamespace::Inside inside(alone);
    Asking asking;
    const auto begin = std::chrono::steady_clock::now();
    const auto found = asking.ask("www.example.net", Family::any, 300ms);
    REQUIRE(found);
    CHECK_FALSE(*found);
    CHECK(std::chrono::steady_clock::now() - begin < 20s);
    bool told = false;
    auto dropped = asking.resolver.resolve(
        "other.example.net",
        Family::any,
        100ms,
        [&](const Result<Resolver::Found>&) { told = true; }
    );
    dropped.reset();
    const LoopHandle later = asking.loop.after(300ms, [&] { asking.loop.stop(); });
    asking.loop.run();
    CHECK_FALSE(told);
}
