// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/aggregate.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/time_zone.hpp"

namespace cxedge::pipeline {
namespace {

using Step = CounterDiscipline::Step;

struct Feed {
    CounterDiscipline counter;
    std::int64_t ms = 0;
    SeriesInfo info{};

    CounterDiscipline::Outcome next(double reading) {
        return counter.next(reading, at_boot(BootTime(++ms)), info, {});
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

TEST_CASE("trap: a counter of 16 or 32 bits wraps", "[pipeline]") {
    Feed narrow;
    narrow.info.counter_bits = 16;
    narrow.next(65'530);
    check(narrow.next(4), Step::wrapped, 10);

    Feed wide;
    wide.info.counter_bits = 32;
    wide.next(4294967290.0);
    check(wide.next(10), Step::wrapped, 16);
}

TEST_CASE("trap: a device that restarted is no wrap", "[pipeline]") {
    Feed feed;
    feed.info.counter_bits = 16;
    feed.next(20'000);
    check(feed.next(5), Step::reset, 5);  // a wrap would be 45,541 in one step
}

TEST_CASE("counter: one without a width never wraps", "[pipeline]") {
    Feed feed;
    feed.next(65'535);
    check(feed.next(0), Step::reset, 0);
}

TEST_CASE("trap: a reading out of order is no restart", "[pipeline]") {
    CounterDiscipline counter;
    SeriesInfo info;
    info.counter_bits = 16;
    const auto next = [&](double reading, std::int64_t ms) {
        return counter.next(reading, at_wall(from_unix_ms(ms)), info, {});
    };
    next(100, 1000);
    next(150, 3000);

    check(next(120, 2000), Step::out_of_order, 0);
    check(next(160, 4000), Step::grew, 10);
    // The device's clock was set back, but its count went on.
    check(next(165, 500), Step::grew, 5);
    check(next(2, 600), Step::reset, 2);
}

// A counter that begins anew at midnight, in the time zone of the box.
struct DailyFeed {
    test::TimeZone zone{test::kCentralEurope};
    CounterDiscipline counter;
    SeriesInfo info;

    explicit DailyFeed(std::uint8_t bits = 0) {
        info.counter_bits = bits;
        info.resets_at = std::chrono::minutes(0);
    }
    // `utc`: seconds since 1970.
    CounterDiscipline::Outcome at(std::int64_t utc, double reading) {
        return counter.next(reading, at_wall(from_unix_ms(utc * 1000)), info, {});
    }
};

constexpr std::int64_t kBerlinMidnight = 1'795'302'000;  // 2026-11-22T00:00:00+01:00
constexpr std::int64_t kMinuteS = 60;
constexpr std::int64_t kHourS = 3600;

TEST_CASE("trap: a scheduled reset at midnight is not a wrap", "[pipeline]") {
    DailyFeed feed(16);
    feed.at(kBerlinMidnight - kMinuteS, 60'000);
    check(feed.at(kBerlinMidnight + kMinuteS, 10), Step::reset, 10);  // a wrap would be 5,546
    check(feed.at(kBerlinMidnight + 2 * kMinuteS, 12), Step::grew, 2);
}

TEST_CASE("trap: a reset that nobody saw still shows", "[pipeline]") {
    DailyFeed feed;
    feed.at(kBerlinMidnight - kHourS, 5);
    check(feed.at(kBerlinMidnight + 8 * kHourS, 7), Step::reset, 7);  // not 2
}

TEST_CASE("trap: a device whose clock is behind begins its day later", "[pipeline]") {
    DailyFeed feed;
    feed.at(kBerlinMidnight - kMinuteS, 500);
    check(feed.at(kBerlinMidnight + kMinuteS, 501), Step::grew, 1);  // not 501
    check(feed.at(kBerlinMidnight + 5 * kMinuteS, 0), Step::reset, 0);
}

TEST_CASE("trap: a counter that stands still over night is no reset", "[pipeline]") {
    DailyFeed feed;
    feed.at(kBerlinMidnight - kHourS, 500);
    check(feed.at(kBerlinMidnight + 8 * kHourS, 500), Step::grew, 0);
}

TEST_CASE("trap: the hour that comes twice in autumn is no reset", "[pipeline]") {
    DailyFeed feed;
    // 2026-10-25: 02:30 summer time, then 02:10 winter time, 40 minutes later.
    feed.at(1'792'888'200, 40);
    check(feed.at(1'792'890'600, 44), Step::grew, 4);
}

TEST_CASE("trap: a reset in the hour that spring leaves out is not missed", "[pipeline]") {
    DailyFeed feed;
    feed.info.resets_at = std::chrono::minutes(150);  // 02:30
    // 2027-03-28: 01:59 winter time, then 05:00 summer time.
    feed.at(1'806'195'540, 5);
    check(feed.at(1'806'202'800, 9), Step::reset, 9);
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
