// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/aggregate.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::pipeline {
namespace {

using Step = CounterDiscipline::Step;

struct Feed {
    CounterDiscipline counter;
    std::int64_t ms = 0;
    std::uint8_t bits = 0;

    CounterDiscipline::Outcome next(double reading) {
        return counter.next(reading, at_boot(BootTime(++ms)), bits);
    }
};

void check(const CounterDiscipline::Outcome& outcome, Step step, double increment) {
    CHECK(outcome.step == step);
    CHECK(outcome.increment == increment);
}

TEST_CASE("counter: the first reading is only a mark", "[pipeline]") {
    Feed feed;
    check(feed.next(1000), Step::first, 0);
    check(feed.next(1007), Step::grew, 7);
    check(feed.next(1007), Step::grew, 0);
}

TEST_CASE("counter: smaller means begun again, and what it shows is new", "[pipeline]") {
    Feed feed;
    feed.next(1000);
    check(feed.next(3), Step::reset, 3);
    check(feed.next(5), Step::grew, 2);
    check(feed.next(0), Step::reset, 0);
}

TEST_CASE("counter: one with a width wraps", "[pipeline]") {
    Feed narrow{{}, 0, 16};
    narrow.next(65'530);
    check(narrow.next(4), Step::wrapped, 10);

    Feed wide{{}, 0, 32};
    wide.next(4294967290.0);
    check(wide.next(10), Step::wrapped, 16);
}

TEST_CASE("counter: a fall that a wrap explains badly is a restart", "[pipeline]") {
    Feed feed{{}, 0, 16};
    feed.next(20'000);
    check(feed.next(5), Step::reset, 5);  // a wrap would be 45,541 in one step
}

TEST_CASE("counter: one without a width never wraps", "[pipeline]") {
    Feed feed;
    feed.next(65'535);
    check(feed.next(0), Step::reset, 0);
}

TEST_CASE("counter: a reading from the past is not a restart", "[pipeline]") {
    CounterDiscipline counter;
    const auto at = [](std::int64_t ms) {
        return at_wall(from_unix_ms(ms));
    };
    counter.next(100, at(1000), 16);
    counter.next(150, at(3000), 16);

    check(counter.next(120, at(2000), 16), Step::out_of_order, 0);
    check(counter.next(160, at(4000), 16), Step::grew, 10);
    // The device's clock was set back, but its count went on.
    check(counter.next(165, at(500), 16), Step::grew, 5);
    check(counter.next(2, at(600), 16), Step::reset, 2);
}

TEST_CASE("aggregate: gathers the statistics of a gauge", "[pipeline]") {
    Aggregate aggregate;
    CHECK(aggregate.empty());
    for (const double value : {3.0, -1.0, 4.0}) {
        aggregate.add(Kind::gauge, value);
    }

    CHECK_FALSE(aggregate.empty());
    CHECK(aggregate.stat(GaugeStat::mean) == 2);
    CHECK(aggregate.stat(GaugeStat::min) == -1);
    CHECK(aggregate.stat(GaugeStat::max) == 4);
    CHECK(aggregate.stat(GaugeStat::last) == 4);
}

}  // namespace
}  // namespace cxedge::pipeline
