// SPDX-License-Identifier: Apache-2.0
// A hundred worlds; more with ./dev sim.
#include "agent/base/log.hpp"

#include "tests/sim/world.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::sim {
namespace {

void hold_promise_in(std::uint64_t seed, bool harsh) {
    const Outcome outcome = World(seed, harsh).run();
    INFO("./dev sim --seed " << seed << " --seeds 1 --verbose" << (harsh ? " --harsh" : ""));
    for (const std::string& failure : outcome.failures) {
        FAIL_CHECK(failure);
    }
    CHECK(outcome.accepted > 0);
}

void hold_promise(std::uint64_t first, std::uint64_t last) {
    log::set_level(log::Level::error);
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        hold_promise_in(seed, false);
    }
}

TEST_CASE("world: nothing is lost or counted twice, seeds 1 to 25", "[sim]") {
    hold_promise(1, 25);
}

TEST_CASE("world: nothing is lost or counted twice, seeds 26 to 50", "[sim]") {
    hold_promise(26, 50);
}

TEST_CASE("world: nothing is lost or counted twice, seeds 51 to 75", "[sim]") {
    hold_promise(51, 75);
}

TEST_CASE("world: nothing is lost or counted twice, seeds 76 to 100", "[sim]") {
    hold_promise(76, 100);
}

// A failed start that forgot a loss, a failed sync that counted as done, numbers lost on the way.
TEST_CASE("world: seeds that once found something", "[sim]") {
    log::set_level(log::Level::error);
    for (const std::uint64_t seed :
         {189U, 1017U, 1203U, 1230U, 1239U, 2011U, 2141U, 5125U, 5510U, 7449U}) {
        hold_promise_in(seed, false);
    }
    for (const std::uint64_t seed : {76U, 78U, 261U, 1102U, 1118U, 1231U}) {
        hold_promise_in(seed, true);
    }
}

TEST_CASE("world: a seed replays", "[sim]") {
    log::set_level(log::Level::error);
    const Outcome once = World(8).run();
    const Outcome again = World(8).run();
    CHECK(once.trace == again.trace);
    CHECK(once.summary == again.summary);
    CHECK(World(9).run().trace != once.trace);
}

}  // namespace
}  // namespace cxedge::sim
