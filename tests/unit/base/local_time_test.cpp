// SPDX-License-Identifier: Apache-2.0
#include "agent/base/local_time.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include "tests/support/catch.hpp"
#include "tests/support/time_zone.hpp"

namespace cxedge::test {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::TimeZone;

constexpr const char* kBerlin = test::kCentralEurope;

std::string next(std::int64_t unix_s, minutes time_of_day) {
    return iso8601(next_local_time(from_unix_ms(unix_s * 1000), time_of_day));
}

constexpr std::int64_t kSaturday = 1774656000;        // 2026-03-28T00:00:00Z, then summer time
constexpr std::int64_t kAutumnSaturday = 1792800000;  // 2026-10-24T00:00:00Z, then winter time
constexpr std::int64_t kHour = 3600;

}  // namespace

TEST_CASE("base: the next local time follows the box's time zone", "[base]") {
    const TimeZone zone(kBerlin);
    CHECK(next(kSaturday, hours(4)) == "2026-03-28T03:00:00Z");
    CHECK(next(kSaturday + 3 * kHour, hours(4)) == "2026-03-29T02:00:00Z");  // strictly later
    CHECK(next(kSaturday + 3 * kHour - 1, hours(4)) == "2026-03-28T03:00:00Z");
}

TEST_CASE("base: a day of 23 or 25 hours has its local time once", "[base]") {
    const TimeZone zone(kBerlin);
    // 02:30 does not exist on 2026-03-29; it is an hour later on the clock.
    CHECK(next(kSaturday + 2 * kHour, minutes(150)) == "2026-03-29T01:30:00Z");
    CHECK(next(kSaturday + 26 * kHour, minutes(150)) == "2026-03-30T00:30:00Z");
    CHECK(next(kAutumnSaturday + 2 * kHour, hours(4)) == "2026-10-25T03:00:00Z");
    CHECK(next(kAutumnSaturday + 27 * kHour, hours(4)) == "2026-10-26T03:00:00Z");
}

TEST_CASE("base: without a time zone the box lives in UTC", "[base]") {
    const TimeZone zone("UTC0");
    CHECK(next(kSaturday, minutes(0)) == "2026-03-29T00:00:00Z");
    CHECK(next(kSaturday - 1, minutes(0)) == "2026-03-28T00:00:00Z");
}

TEST_CASE("base: times of day are HH:MM", "[base]") {
    REQUIRE(parse_time_of_day("04:00").ok());
    CHECK(*parse_time_of_day("23:59") == minutes(1439));
    for (const char* wrong : {"", "4:00", "24:00", "04:60", "04-00", "ab:cd", "04:000"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_time_of_day(wrong).ok());
    }
}

TEST_CASE("base: the next local time goes on after 2038", "[base]") {
    const TimeZone zone(kBerlin);
    constexpr std::int64_t kNewYear2040 = 2'208'988'800;
    CHECK(next(kNewYear2040, hours(4)) == "2040-01-01T03:00:00Z");
    CHECK(next(kNewYear2040 + 3 * kHour, hours(4)) == "2040-01-02T03:00:00Z");
    // The second in which 32 bits end is on the way.
    CHECK(next(2'147'483'647, hours(4)) == "2038-01-20T03:00:00Z");
}

}  // namespace cxedge::test
