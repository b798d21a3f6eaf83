// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/agenda.hpp"

#include <map>
#include <string>

#include "tests/support/catch.hpp"

using namespace cxedge;
using namespace cxedge::probes;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kNoon = WallTime(std::chrono::milliseconds(1'795'435'200'000));

constexpr BootTime kBoot{1'000'000};

std::uint32_t no_jitter() {
    return 0;
}
std::uint32_t half_of_ten_seconds() {
    return 5'000;
}

}  // namespace

TEST_CASE("agenda: cycles are anchored to UTC, whenever one starts", "[probes]") {
    for (const auto after : {kNoon, kNoon + 1ms, kNoon + 59s, kNoon - 12345ms}) {
        const WallTime next = next_cycle(after, 60s, 7s);
        CHECK(next > after);
        CHECK(next - after <= 60s);
        CHECK((unix_ms(next) - 7'000) % 60'000 == 0);
    }
    CHECK(next_cycle(from_unix_ms(-1), 10s, 3s) == from_unix_ms(3'000));
    CHECK(next_cycle(kNoon, 60s, 0s) == kNoon + 60s);
}

TEST_CASE("agenda: boxes and tests have phases of their own, spread over the cycle", "[probes]") {
    std::map<std::int64_t, int> sixths;
    for (int node = 0; node < 3'000; ++node) {
        const BoxName box{"t", "s", "node-" + std::to_string(node)};
        const auto phase = phase_of(box, "icmp", "gw", 60s);
        CHECK(phase == phase_of(box, "icmp", "gw", 60s));
        ++sixths[phase / 10s];
    }
    CHECK(sixths.size() == 6);
    for (const auto& [sixth, boxes] : sixths) {
        CHECK(boxes > 400);
        CHECK(boxes < 600);
    }
    const BoxName box{"t", "s", "n"};
    CHECK(phase_of(box, "icmp", "gw", 60s) != phase_of(box, "tcp", "gw", 60s));
    CHECK(phase_of(box, "icmp", "gw", 60s) != phase_of(box, "icmp", "gx", 60s));
}

TEST_CASE("agenda: what was missed is skipped and counted", "[probes]") {
    Agenda agenda(60s, 0s, &no_jitter);
    agenda.add(10s, kNoon, kBoot);
    REQUIRE(agenda.next() == kNoon + 10s);
    CHECK(agenda.take(kNoon + 9s, kBoot + 9s).empty());
    const auto first = agenda.take(kNoon + 10s, kBoot + 10s);
    REQUIRE(first.size() == 1);
    CHECK(first[0].slot == kNoon + 10s);
    CHECK(first[0].missed == 0);
    // Asleep over three cycles: the one that is on runs, those before are counted.
    const auto later = agenda.take(kNoon + 10s + 200s, kBoot + 10s + 200s);
    REQUIRE(later.size() == 1);
    CHECK(later[0].slot == kNoon + 190s);
    CHECK(later[0].missed == 2);
    CHECK(agenda.next() == kNoon + 250s);
}

TEST_CASE("agenda: jitter moves the begin, not the slot", "[probes]") {
    Agenda agenda(60s, 10s, &half_of_ten_seconds);
    agenda.add(59s, kNoon, kBoot);
    REQUIRE(agenda.next() == kNoon + 64s);
    const auto due = agenda.take(kNoon + 64s, kBoot + 64s);
    REQUIRE(due.size() == 1);
    CHECK(due[0].slot == kNoon + 59s);
    CHECK(due[0].missed == 0);
    CHECK(agenda.next() == kNoon + 124s);
}

TEST_CASE("agenda: a clock that is set back plans anew", "[probes]") {
    Agenda agenda(60s, 0s, &no_jitter);
    agenda.add(0s, kNoon, kBoot);
    CHECK(agenda.take(kNoon + 60s, kBoot + 60s).size() == 1);
    CHECK(agenda.take(kNoon - 24h, kBoot + 61s).empty());
    CHECK(agenda.next() == kNoon - 24h + 60s);
}

TEST_CASE("agenda: a clock that is set does not make all tests begin at once", "[probes]") {
    Agenda agenda(60s, 0s, &no_jitter);
    for (int target = 0; target < 60; ++target) {
        agenda.add(std::chrono::seconds(target), kNoon, kBoot);
    }
    // Half a century in a second: nothing was missed but the cycle that is on.
    const auto due = agenda.take(kNoon + 24h * 18'000 + 30s, kBoot + 1s);
    REQUIRE(due.size() == 60);
    int run = 0;
    for (const Agenda::Due& each : due) {
        run += each.run ? 1 : 0;
        CHECK(each.missed <= 1);
    }
    CHECK(run == 31);  // those whose place in the cycle is less than half a minute ago
    // Back by a moment: nothing is planned twice.
    CHECK(agenda.take(kNoon + 24h * 18'000 + 29s, kBoot + 2s).empty());
}
