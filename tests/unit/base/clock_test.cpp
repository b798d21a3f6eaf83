// SPDX-License-Identifier: Apache-2.0
#include "agent/base/clock.hpp"

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
    const auto first = clock.wall_offset();

    int moved = 0;
    for (int i = 0; i < 1000; ++i) {
        moved += clock.wall_offset() == first ? 0 : 1;
    }

    // A preemption between the two reads may look like a step once; flicker would be hundreds.
    CHECK(moved < 100);
}

TEST_CASE("clock: milliseconds since 1970 survive the way there and back", "[base]") {
    for (const std::int64_t ms :
         {std::int64_t{0}, std::int64_t{1'700'000'000'123}, std::int64_t{-1}}) {
        CHECK(unix_ms(from_unix_ms(ms)) == ms);
    }
}

}  // namespace
}  // namespace cxedge
