// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/desired.hpp"

#include <array>
#include <functional>

#include <fmt/core.h>

#include "tests/support/catch.hpp"

namespace cxedge::wire {
namespace {

Desired whole() {
    Desired out;
    out.tenant = "acme";
    out.group = "canary";
    out.generation = 7;
    out.parent_hash = std::string(32, 'h');
    out.not_before = from_unix_ms(1000);
    out.not_after = from_unix_ms(2000);
    out.config = "[spool]\nmax_mib = 8\n";
    out.trial = std::chrono::seconds(30);
    out.min_agent_version = "1.2.3";
    out.percent = 10;
    out.retry = true;
    out.keys = {std::string(32, 'a'), std::string(32, 'b')};
    return out;
}

TEST_CASE("desired: what is written is read", "[wire]") {
    const auto read = decode_desired(encode_desired(whole()));
    REQUIRE(read);
    CHECK(*read == whole());
    Desired least;
    least.tenant = "acme";
    least.node = "gw-1";
    least.generation = 1;
    const auto again = decode_desired(encode_desired(least));
    REQUIRE(again);
    CHECK(*again == least);
    CHECK(again->trial == kDefaultTrial);
    CHECK(again->percent == 100);
}

TEST_CASE("desired: fields that contradict each other are refused", "[wire]") {
    const auto refused = [](const std::function<void(Desired&)>& change) {
        Desired desired = whole();
        change(desired);
        return !decode_desired(encode_desired(desired));
    };
    CHECK_FALSE(refused([](Desired&) {}));
    CHECK(refused([](Desired& d) { d.node = "both"; }));
    CHECK(refused([](Desired& d) { d.group.clear(); }));
    CHECK(refused([](Desired& d) { d.group = "a/b"; }));
    CHECK(refused([](Desired& d) { d.tenant = "#"; }));
    CHECK(refused([](Desired& d) { d.generation = 0; }));
    CHECK(refused([](Desired& d) { d.parent_hash = "short"; }));
    CHECK(refused([](Desired& d) { d.trial = kLongestTrial + std::chrono::seconds(1); }));
    CHECK(refused([](Desired& d) { d.percent = 101; }));
    CHECK(refused([](Desired& d) { d.config = "a = \"\xff\""; }));
    CHECK(refused([](Desired& d) { d.keys.emplace_back(32, 'c'); }));
    CHECK(refused([](Desired& d) { d.keys[0].pop_back(); }));
    CHECK(refused([](Desired& d) { d.min_agent_version = std::string(65, '1'); }));
}

TEST_CASE("desired: anything else is refused", "[wire]") {
    CHECK_FALSE(decode_desired("\x0a\xff"));
    CHECK_FALSE(decode_desired(std::string(300000, '\0')));
    // Groups within groups of an unknown field, deeper than a parser should follow.
    CHECK_FALSE(decode_desired(std::string(5000, '\xa3')));
}

TEST_CASE("desired: buckets of a fleet are even and stay", "[wire]") {
    std::array<int, 100> nodes{};
    for (int i = 0; i < 10000; ++i) {
        ++nodes.at(node_bucket(fmt::format("gw-{:05}", i)));
    }
    for (const int count : nodes) {
        CHECK(count > 60);
        CHECK(count < 140);
    }
    CHECK(node_bucket("gw-1") == 64);  // pinned: a changed hash would mix up a running roll-out
}

}  // namespace
}  // namespace cxedge::wire
