// SPDX-License-Identifier: Apache-2.0
// received + gaps + dead letters == produced, in whatever order it is told.
#include "agent/ctl/lane_account.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

wire::BatchHeader batch(std::uint64_t seq, std::uint64_t first_unacked = 1) {
    wire::BatchHeader header;
    header.seq = seq;
    header.first_unacked = first_unacked;
    return header;
}

Gap gap(std::uint64_t first, std::uint64_t last, std::uint64_t samples, GapCause cause) {
    return {Lane::live, 1, first, last, samples, 0, cause};
}

std::uint64_t accounted(const LaneAccount& account) {
    const LaneTotals& totals = account.totals();
    return totals.samples + totals.in_gaps.samples + totals.in_dead_letters.samples;
}

}  // namespace

TEST_CASE("account: received, declared and dead add up", "[ctl]") {
    LaneAccount account;
    account.receive(batch(1), {10, 2});
    account.declare(gap(2, 4, 30, GapCause::quota));
    account.declare(DeadLetter{Lane::live, 1, 5, 7, 1, 0x95, 1});
    account.receive(batch(6), {5, 0});
    account.declare(gap(0, 0, 100, GapCause::overflow));
    CHECK(account.window().contig() == 6);
    CHECK(account.totals().samples == 15);
    CHECK(account.totals().in_gaps == Counts{130, 0});
    CHECK(account.totals().in_dead_letters == Counts{7, 1});
    CHECK(accounted(account) == 152);
}

TEST_CASE("account: a split loses nothing", "[ctl]") {
    LaneAccount account;
    account.declare(gap(1, 1, 10, GapCause::split));
    account.receive(batch(2), {5, 0});
    account.receive(batch(3), {5, 0});
    CHECK(account.totals().gaps == 1);
    CHECK(accounted(account) == 10);
    CHECK(account.window().contig() == 3);
}

TEST_CASE("account: what was declared and arrived counts once", "[ctl]") {
    const bool gap_first = GENERATE(false, true);
    LaneAccount account;
    const auto declare = [&] {
        account.declare(gap(1, 3, 30, GapCause::quota));
    };
    if (gap_first) {
        declare();
    }
    account.receive(batch(2), {10, 0});
    if (!gap_first) {
        declare();
    }
    CHECK(account.totals().samples == 10);
    CHECK(account.totals().in_gaps.samples == 20);
    CHECK(account.window().contig() == 3);
    // A declaration that counts nothing is not made less by what arrives.
    account.declare(gap(4, 9, 0, GapCause::uncommitted));
    account.receive(batch(5), {10, 0});
    CHECK(accounted(account) == 40);
}

TEST_CASE(
    "account: holes below first_unacked never fill, and are still open to what comes", "[ctl]"
) {
    LaneAccount account;
    account.receive(batch(9, 8), {1, 0});
    CHECK(account.window().contig() == 7);
    CHECK(account.look(3) == SeqWindow::Arrival::fresh);
    account.receive(batch(3, 1), {1, 0});
    CHECK(account.look(3) == SeqWindow::Arrival::seen);
    CHECK(account.window().contig() == 7);
    // A floor above the batch itself is nonsense.
    account.receive(batch(10, 99), {1, 0});
    CHECK(account.window().contig() == 10);
}

TEST_CASE("account: a repeat tells too that nothing below will come", "[ctl]") {
    LaneAccount account;
    account.receive(batch(1, 1), {1, 0});
    account.receive(batch(3, 1), {1, 0});
    CHECK(account.window().contig() == 1);
    account.count_repeat(batch(3, 3));
    CHECK(account.window().contig() == 3);
}

TEST_CASE("account: is the same after a restart", "[ctl]") {
    LaneAccount account;
    account.receive(batch(2), {10, 1});
    account.receive(batch(5), {10, 0});
    account.receive_unreadable(batch(6), {3, 0});
    account.declare(gap(3, 8, 60, GapCause::age));
    account.declare(DeadLetter{Lane::live, 1, 9, 7, 1, 0x95, 1});
    account.count_repeat(batch(6));
    auto again = LaneAccount::restore(account.store());
    REQUIRE(again);
    for (LaneAccount* one : {&account, &*again}) {
        CHECK(one->look(5) == SeqWindow::Arrival::seen);
        CHECK(one->look(4) == SeqWindow::Arrival::fresh);
        CHECK(one->totals().duplicate_batches == 1);
        CHECK(one->totals().unreadable == Counts{3, 0});
        CHECK(one->totals().in_gaps.samples == 47);
        one->receive(batch(4), {10, 0});  // declared before the restart
        CHECK(one->totals().in_gaps.samples == 37);
        one->declare(gap(2, 2, 10, GapCause::quota));  // arrived before it
        CHECK(one->totals().in_gaps.samples == 37);
        one->receive(batch(1), {1, 0});
        CHECK(one->window().contig() == 9);
    }
}

TEST_CASE("account: what was sent again is remembered like all that came last", "[ctl]") {
    LaneAccount account;
    for (std::uint64_t seq = 2; seq <= 600; ++seq) {
        account.receive(batch(seq), {10, 0});
    }
    account.receive(batch(1), {10, 0});
    auto again = LaneAccount::restore(account.store());
    REQUIRE(again);
    for (LaneAccount* one : {&account, &*again}) {
        one->declare(gap(1, 1, 10, GapCause::quota));  // held still, and declared although it came
        CHECK(one->totals().in_gaps.samples == 0);
        // The next one takes the place of the one that came first, not of the lowest.
        one->receive(batch(601), {10, 0});
        one->declare(gap(1, 1, 10, GapCause::quota));
        CHECK(one->totals().in_gaps.samples == 0);
        CHECK(accounted(*one) == 6010);
    }
}

TEST_CASE("account: a damaged store is refused", "[ctl]") {
    const auto restored = [](auto change) {
        LaneAccount::Stored stored;
        change(stored);
        return LaneAccount::restore(stored).has_value();
    };
    using Stored = LaneAccount::Stored;
    CHECK(restored([](Stored&) {}));
    CHECK(restored([](Stored& stored) { stored.recent = "5:1:2 6:1:2"; }));
    CHECK(restored([](Stored& stored) { stored.gaps = "5-6:1:2 7-7:3:4"; }));
    CHECK_FALSE(restored([](Stored& stored) { stored.received = "x"; }));
    CHECK_FALSE(restored([](Stored& stored) { stored.declared = "2-1"; }));
    CHECK_FALSE(restored([](Stored& stored) { stored.recent = "5:1"; }));
    CHECK_FALSE(restored([](Stored& stored) { stored.gaps = "5:1:"; }));
    CHECK_FALSE(restored([](Stored& stored) { stored.gaps = ":1:1"; }));
}

}  // namespace cxedge::ctl
