// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpio/beam_pair.hpp"

#include <string>
#include <vector>

#include "plugins/gpio/debouncer.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;

using plugins::Beam;
using plugins::BeamPair;
using plugins::Debouncer;
using plugins::LevelChange;
using plugins::Passage;

// "A" breaks beam a, "a" makes it whole; 100 ms apart, "." is one second. What was counted, in
// order: "i" or "o".
std::string walked(const std::string& changes) {
    BeamPair pair({2s, 30s}, false, false, 0s);
    std::chrono::nanoseconds now{0};
    std::string counted;
    for (const char c : changes) {
        now += c == '.' ? 1'000ms : 100ms;
        if (c == '.') {
            continue;
        }
        const Beam beam = c == 'A' || c == 'a' ? Beam::a : Beam::b;
        if (const auto passage = pair.change(beam, c == 'A' || c == 'B', now)) {
            counted += *passage == Passage::in ? 'i' : 'o';
        }
    }
    return counted;
}

// Edges as "10" at milliseconds; what counts as "1@20".
struct Edge {
    bool active;
    int ms;
};
std::vector<std::string> settled(const std::vector<Edge>& edges, int hold_ms, int end_ms) {
    Debouncer debouncer(std::chrono::milliseconds(hold_ms), false);
    std::vector<std::string> out;
    const auto add = [&](const std::optional<LevelChange>& change) {
        if (change) {
            out.push_back(
                std::string(change->active ? "1@" : "0@") + std::to_string(change->at / 1ms)
            );
        }
    };
    for (const Edge& edge : edges) {
        add(debouncer.edge(edge.active, std::chrono::milliseconds(edge.ms)));
    }
    add(debouncer.settle(std::chrono::milliseconds(end_ms)));
    return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("gpio: the order of two beams is the direction", "[plugins][gpio]") {
    CHECK(walked("ABab") == "i");
    CHECK(walked("BAba") == "o");
    CHECK(walked("ABabBAbaABab") == "ioi");
}

TEST_CASE("gpio: turning back counts nothing", "[plugins][gpio]") {
    CHECK(walked("Aa").empty());
    CHECK(walked("ABba").empty());
    CHECK(walked("BAab").empty());
    CHECK(walked("ABabBAab") == "i");
    // Almost through, and back.
    CHECK(walked("ABaAba").empty());
}

TEST_CASE("gpio: legs and bags on the way count once", "[plugins][gpio]") {
    CHECK(walked("ABaAab") == "i");
    CHECK(walked("ABbBab") == "i");
    CHECK(walked("AaABab") == "i");
    CHECK(walked("BAbBba") == "o");
}

TEST_CASE("gpio: beams farther apart than a body", "[plugins][gpio]") {
    CHECK(walked("AaBb") == "i");
    CHECK(walked("BbAa") == "o");
    CHECK(walked("Aa.Bb") == "i");
    // Too late: two people who turned back.
    CHECK(walked("Aa...Bb").empty());
    // The second one is not the rest of the first.
    CHECK(walked("AaBbBb") == "i");
}

TEST_CASE("gpio: who stands in a beam for long is a thing", "[plugins][gpio]") {
    BeamPair pair({2s, 30s}, false, false, 0s);
    CHECK_FALSE(pair.blocked_at());
    static_cast<void>(pair.change(Beam::a, true, 1s));
    static_cast<void>(pair.change(Beam::b, true, 2s));
    CHECK(pair.blocked_at() == 31s);
    CHECK_FALSE(pair.is_blocked(30s));
    CHECK(pair.is_blocked(31s));
    CHECK_FALSE(pair.change(Beam::a, false, 40s));
    CHECK(pair.is_blocked(40s));
    CHECK_FALSE(pair.change(Beam::b, false, 41s));
    CHECK_FALSE(pair.is_blocked(41s));
    // And the next one counts.
    static_cast<void>(pair.change(Beam::a, true, 50s));
    static_cast<void>(pair.change(Beam::b, true, 51s));
    static_cast<void>(pair.change(Beam::a, false, 52s));
    CHECK(pair.change(Beam::b, false, 53s) == Passage::in);
}

TEST_CASE("gpio: who stands in a beam at the start is not counted", "[plugins][gpio]") {
    BeamPair pair({2s, 30s}, true, true, 100s);
    CHECK(pair.blocked_at() == 130s);
    CHECK_FALSE(pair.change(Beam::a, false, 101s));
    CHECK_FALSE(pair.change(Beam::b, false, 102s));
    CHECK_FALSE(pair.change(Beam::b, false, 103s));
}

TEST_CASE("gpio: trap: bounce", "[plugins][gpio]") {
    // A clean press.
    CHECK(settled({{true, 100}, {false, 200}}, 10, 300) == Lines{"1@100", "0@200"});
    // Bouncing at both ends: the level counts from its last edge.
    CHECK(
        settled(
            {{true, 100},
             {false, 101},
             {true, 102},
             {false, 104},
             {true, 105},
             {false, 200},
             {true, 203},
             {false, 206}},
            10,
            300
        ) == Lines{"1@105", "0@206"}
    );
    // A glitch is nothing.
    CHECK(settled({{true, 100}, {false, 104}}, 10, 300).empty());
    CHECK(settled({{true, 100}, {false, 200}, {true, 204}, {false, 207}}, 10, 300).size() == 2);
    // The kernel dropped an edge: the same level twice is a bounce, too.
    CHECK(settled({{true, 100}, {true, 108}}, 10, 115).empty());
    CHECK(settled({{true, 100}, {true, 108}}, 10, 118) == Lines{"1@108"});
    // Without a time everything counts.
    CHECK(settled({{true, 1}, {false, 2}, {true, 3}}, 0, 3) == Lines{"1@1", "0@2", "1@3"});
}

TEST_CASE("gpio: a debouncer says when to look again", "[plugins][gpio]") {
    Debouncer debouncer(10ms, true);
    CHECK_FALSE(debouncer.due());
    CHECK_FALSE(debouncer.edge(false, 5ms));
    CHECK(debouncer.due() == 15ms);
    CHECK(debouncer.level());
    CHECK_FALSE(debouncer.settle(14ms));
    REQUIRE(debouncer.settle(15ms));
    CHECK_FALSE(debouncer.level());
    CHECK_FALSE(debouncer.due());
}

}  // namespace cxedge::test
