// SPDX-License-Identifier: Apache-2.0
#include "agent/base/clock.hpp"

#include <bit>
#include <ctime>
#include <limits>

#include <sys/types.h>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("clock: boot and steady time do not run backwards", "[base]") {
    const SystemClock clock;
    BootTime boot = clock.boot_now();
    SteadyTime steady = clock.steady_now();
    for (int i = 0; i < 10'000; ++i) {
        const BootTime next_boot = clock.boot_now();
        const SteadyTime next_steady = clock.steady_now();
        REQUIRE(next_boot >= boot);
        REQUIRE(next_steady >= steady);
        boot = next_boot;
        steady = next_steady;
    }
}

TEST_CASE("clock: boot time plus offset is UTC", "[base]") {
    const SystemClock clock;

    const WallTime before = clock.wall_now();
    const WallTime told = WallTime(clock.boot_now() + clock.wall_offset());
    const WallTime after = clock.wall_now();

    CHECK(told >= before - std::chrono::milliseconds(5));
    CHECK(told <= after + std::chrono::milliseconds(5));
}

TEST_CASE("clock: the offset holds still while nobody sets the clock", "[base]") {
    const SystemClock clock;
    auto held = clock.wall_offset();

    int moved = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto offset = clock.wall_offset();
        moved += offset == held ? 0 : 1;
        held = offset;
    }

    // A preemption between the two reads, also of the first pair, may look like a step and back;
    // flicker would be hundreds.
    CHECK(moved < 100);
}

TEST_CASE("clock: milliseconds since 1970 survive the way there and back", "[base]") {
    for (const std::int64_t ms :
         {std::int64_t{0}, std::int64_t{1'700'000'000'123}, std::int64_t{-1}}) {
        CHECK(unix_ms(from_unix_ms(ms)) == ms);
    }
}

// A 32-bit count of seconds ends on 2038-01-19 at 03:14:07.
TEST_CASE("clock: the years after 2038 are written as they are", "[base]") {
    CHECK(iso8601(from_unix_ms(2'147'483'647'000)) == "2038-01-19T03:14:07Z");
    CHECK(iso8601(from_unix_ms(2'147'483'648'000)) == "2038-01-19T03:14:08Z");
    CHECK(iso8601(from_unix_ms(4'102'444'799'999)) == "2099-12-31T23:59:59Z");
}

// What a second architecture may have otherwise: CI builds for three.
TEST_CASE("platform: files and times are counted in 64 bits, bytes have eight", "[base]") {
    STATIC_REQUIRE(sizeof(std::time_t) == 8);
    STATIC_REQUIRE(sizeof(timespec::tv_sec) == 8);
    STATIC_REQUIRE(sizeof(off_t) == 8);
    STATIC_REQUIRE(std::numeric_limits<unsigned char>::digits == 8);
    STATIC_REQUIRE(std::numeric_limits<double>::is_iec559);
    STATIC_REQUIRE(std::endian::native == std::endian::little);  // journal and ring
}

}  // namespace
}  // namespace cxedge
