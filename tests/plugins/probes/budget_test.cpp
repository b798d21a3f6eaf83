// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/budget.hpp"

#include <fstream>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

using namespace cxedge;
using namespace cxedge::probes;
using namespace cxedge::test;

namespace {

constexpr std::uint64_t kMiB = 1U << 20U;

struct Box {
    TempDir dir;
    ManualClock clock;

    [[nodiscard]] std::string ledger() const { return dir.file("probes"); }
    std::unique_ptr<Meter> meter(const std::string& test, BudgetLimits limits) {
        return std::make_unique<Meter>(ledger(), "wwan0", test, limits, clock);
    }
    [[nodiscard]] BudgetUse entered() const {
        const std::string month = iso8601(clock.wall_now()).substr(0, 7);
        const auto spent = Ledger(ledger(), "wwan0").read(month);
        REQUIRE(spent);
        return total_of(*spent);
    }
};

BudgetLimits of_test(std::uint64_t bytes) {
    BudgetLimits limits;
    limits.test_bytes = bytes;
    return limits;
}

}  // namespace

TEST_CASE("budget: is spent to the byte and not beyond", "[probes]") {
    Box box;
    const auto meter = box.meter("video", of_test(10'000));
    for (int i = 0; i < 10; ++i) {
        CHECK(meter->spend(1'000));
    }
    CHECK(meter->bytes_left() == 0);
    CHECK(meter->exhausted());
    // What came all the same counts, once.
    CHECK_FALSE(meter->spend(500));
    CHECK(box.entered().bytes == 10'500);
    CHECK(meter->used().bytes == 10'500);
}

TEST_CASE("budget: what is left is given back, and the next process goes on", "[probes]") {
    Box box;
    CHECK(box.meter("video", of_test(kMiB))->spend(1'234, 2));
    CHECK(box.entered().bytes == 1'234);
    const auto again = box.meter("video", of_test(kMiB));
    CHECK(again->bytes_left() == kMiB - 1'234);
    CHECK(again->spend(kMiB - 1'234));
    CHECK_FALSE(again->spend(1));
}

TEST_CASE("budget: tests of an interface share its limit, each has its own", "[probes]") {
    Box box;
    BudgetLimits limits;
    limits.interface_bytes = 10'000;
    limits.test_bytes = 8'000;
    const auto video = box.meter("video", limits);
    const auto web = box.meter("web", limits);
    CHECK(video->spend(8'000));
    CHECK_FALSE(video->spend(1));
    CHECK(web->spend(1'500));
    CHECK(web->exhausted() == false);
    CHECK_FALSE(web->spend(1'000));
    CHECK(web->exhausted());
}

TEST_CASE("budget: packets are limited likewise", "[probes]") {
    Box box;
    BudgetLimits limits;
    limits.test_packets = 3;
    const auto meter = box.meter("icmp", limits);
    CHECK(meter->spend(84, 3));
    CHECK_FALSE(meter->spend(84));
    CHECK(meter->exhausted());
}

TEST_CASE("budget: a new month begins with all of it", "[probes]") {
    Box box;
    const auto meter = box.meter("video", of_test(1'000));
    CHECK(meter->spend(1'000));
    CHECK(meter->exhausted());
    box.clock.advance(std::chrono::hours(24 * 32));
    CHECK_FALSE(meter->exhausted());
    CHECK(meter->spend(1'000));
    CHECK(box.entered().bytes == 1'000);
}

TEST_CASE("budget: over kill -9 never more than the limit is granted", "[probes]") {
    Box box;
    constexpr std::uint64_t kLimit = 20 * kMiB;
    constexpr std::uint64_t kSegment = 300'000;
    std::uint64_t really = 0;
    // Processes that die in the middle of it, each after so many segments.
    for (int life = 0; life < 40; ++life) {
        int pipe[2];
        REQUIRE(::pipe(pipe) == 0);
        const pid_t child = ::fork();
        if (child == 0) {
            const auto meter = box.meter("video", of_test(kLimit)).release();
            for (int segment = 0; segment <= life % 5; ++segment) {
                if (!meter->spend(kSegment)) {
                    break;
                }
                (void)!::write(pipe[1], "s", 1);
            }
            ::kill(::getpid(), SIGKILL);
        }
        ::close(pipe[1]);
        char byte = 0;
        while (::read(pipe[0], &byte, 1) == 1) {
            really += kSegment;
        }
        ::close(pipe[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
    }
    CHECK(really <= kLimit + kSegment);
    CHECK(box.entered().bytes >= really);
    CHECK(box.meter("video", of_test(kLimit))->bytes_left().value() < kSegment * 2);
    // A killed process costs a part of what was left, not all: most of it was of use.
    CHECK(really > kLimit / 3);
}

TEST_CASE("budget: a damaged ledger caps, and says where", "[probes]") {
    Box box;
    CHECK(box.meter("video", of_test(kMiB))->spend(1'000));
    const std::string month = iso8601(box.clock.wall_now()).substr(0, 7);
    std::ofstream(box.ledger() + "/spent-wwan0-" + month) << "cxedge probes 1\nvideo many 3\n";
    const auto meter = box.meter("video", of_test(kMiB));
    CHECK(meter->exhausted());
    CHECK_THAT(meter->problem(), Catch::Contains("line 2"));
    CHECK_FALSE(meter->spend(1));
    CHECK_THAT(meter->problem(), Catch::Contains("spent-wwan0-"));
    // Who has no limit goes on.
    CHECK(box.meter("icmp", {})->spend(84));
}

TEST_CASE("budget: TCP costs its headers and acknowledgements", "[probes]") {
    ManualClock clock;
    Meter meter("", "", "web", {}, clock);
    CHECK(meter.spend_stream(1'448'000));
    CHECK(meter.used().packets == 1'500);
    CHECK(meter.used().bytes == 1'448'000 + 1'500 * 52);
}

TEST_CASE("budget: ledgers are read back as written, others refused", "[probes]") {
    const Spent spent{{"store web", {1, 2}}, {"video", {3, 4}}};
    const auto again = parse_spent(to_text(spent));
    REQUIRE(again);
    CHECK(again->at("store web").bytes == 1);
    CHECK(total_of(*again).packets == 6);
    for (const char* text : {"", "x", "cxedge probes 1\nvideo 1\n", "cxedge probes 1\n 1 2\n"}) {
        const auto parsed = parse_spent(text);
        CHECK(parsed.ok() == std::string(text).empty());
    }
}
