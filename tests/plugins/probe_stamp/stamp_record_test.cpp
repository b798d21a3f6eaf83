// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/stamp_record.hpp"

#include <random>

#include "plugins/_probes/stamp_stream.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace probes;

constexpr std::int64_t kMsNs = 1'000'000;

StampSlot lost(std::uint32_t sequence) {
    StampSlot slot;
    slot.sequence = sequence;
    return slot;
}

// 10 ms there, 20 ms back, 1 ms in the reflector, whose clock is 5 s ahead.
StampSlot back(std::uint32_t sequence, std::uint32_t reflector, std::int64_t later_ms = 0) {
    StampSlot slot = lost(sequence);
    slot.t1 = std::int64_t{sequence} * 100 * kMsNs;
    const std::int64_t ahead = 5'000 * kMsNs;
    const std::int64_t t2 = slot.t1 + (10 + later_ms) * kMsNs;
    slot.answer = StampAnswer{
        reflector, t2 + ahead, t2 + kMsNs + ahead, t2 + 21 * kMsNs, {true, false, 0.001}};
    return slot;
}

struct Simulated {
    StampRecord record;
    std::uint64_t forward = 0;
    std::uint64_t backward = 0;
};

// A path with loss in both directions, and a reflector that counts.
Simulated simulate(unsigned seed, double loss, std::uint32_t packets) {
    std::mt19937 engine(seed);
    std::bernoulli_distribution loses(loss);
    Simulated out;
    std::uint32_t next = 0;
    for (std::uint32_t i = 0; i < packets; ++i) {
        const bool last = i + 1 == packets;
        const bool there = last || !loses(engine);
        const std::uint32_t number = next;
        next += there ? 1U : 0U;
        const bool here = there && (last || !loses(engine));
        out.forward += there ? 0U : 1U;
        out.backward += there && !here ? 1U : 0U;
        out.record.slots.push_back(here ? back(i, number) : lost(i));
    }
    return out;
}

}  // namespace

TEST_CASE("stamp record: delays are what they are, whatever the clocks say", "[plugins][stamp]") {
    const StampRecord record{{back(0, 0), lost(1), back(2, 2, 4), back(3, 3)}, 0};
    const auto rtt = stamp_delays(record, StampWay::round_trip);
    REQUIRE(rtt.size() == 3);
    CHECK(rtt[0] == Approx(0.030));
    CHECK(rtt[1] == Approx(0.034));
    CHECK(stamp_delays(record, StampWay::forward)[0] == Approx(5.010));
    CHECK(stamp_delays(record, StampWay::backward)[0] == Approx(-4.980));  // never clamped
    CHECK(stamp_dwells(record) == std::vector<double>(3, 0.001));
    // Only neighbours that both came back: 2 and 3.
    const auto ipdv = stamp_ipdv(record, StampWay::forward);
    REQUIRE(ipdv.size() == 1);
    CHECK(ipdv[0] == Approx(0.004));
    CHECK(stamp_ipdv(record, StampWay::backward)[0] == Approx(0).margin(1e-9));
}

TEST_CASE("stamp record: a reflector that counts tells the direction of loss", "[plugins][stamp]") {
    for (unsigned seed = 0; seed < 50; ++seed) {
        const Simulated path = simulate(seed, 0.2, 100);
        const StampLoss loss = stamp_loss(path.record);
        CAPTURE(seed);
        CHECK(loss.sent == 100);
        CHECK(loss.lost == path.forward + path.backward);
        if (path.forward != 0) {
            REQUIRE(loss.forward);
            CHECK(*loss.forward == path.forward);
            CHECK(*loss.backward == path.backward);
        }
        std::size_t missing = 0;
        const auto there = stamp_passages(path.record, StampWay::forward);
        for (const StampPassage& each : there) {
            missing += each.lost ? 1U : 0U;
        }
        CHECK(there.size() == 100);
        CHECK(missing == path.forward);
        CHECK(stamp_passages(path.record, StampWay::backward).size() == 100 - path.forward);
    }
}

TEST_CASE("stamp record: what cannot be known is not told", "[plugins][stamp]") {
    // A stateless reflector repeats our numbers.
    const StampRecord stateless{{back(0, 0), lost(1), back(2, 2), back(1'003, 1'003)}, 0};
    CHECK_FALSE(stamp_counts(stateless));
    CHECK(stamp_loss(stateless).lost == 1);
    CHECK_FALSE(stamp_loss(stateless).forward);
    // Where nothing was lost there is no question.
    const StampRecord whole{{back(0, 0), back(1, 1)}, 0};
    CHECK(stamp_loss(whole).forward == 0U);
    CHECK(stamp_loss(whole).backward == 0U);
    // The gap in our numbers shows that it counts: here one was lost on the way back.
    const StampRecord counting{{back(0, 0), lost(1), back(2, 2), back(1'003, 3)}, 0};
    CHECK(stamp_loss(counting).forward == 0U);
    CHECK(stamp_loss(counting).backward == 1U);
    // Nobody tells whether the last one arrived.
    const StampRecord open_end{{back(0, 0), lost(1), back(2, 1), lost(3)}, 0};
    CHECK_FALSE(stamp_loss(open_end).forward);
    const StampRecord silence{{lost(0), lost(1)}, 0};
    CHECK(stamp_loss(silence).lost == 2);
    CHECK_FALSE(stamp_loss(silence).forward);
    CHECK_FALSE(stamp_loss(StampRecord{}).forward);
    // Numbers that are not only ours.
    const StampRecord shared{{back(0, 40), lost(1), back(2, 90)}, 0};
    CHECK_FALSE(stamp_loss(shared).forward);
    const StampRecord mixed{{back(0, 3), back(1, 5), lost(2), back(3, 6), lost(4), back(5, 8)}, 0};
    CHECK_FALSE(stamp_loss(mixed).forward);
    const StampRecord unknown_start{{lost(0), back(1, 40), lost(2), back(3, 41)}, 0};
    CHECK_FALSE(stamp_loss(unknown_start).forward);
}

TEST_CASE("stamp record: one count for all sessions of a reflector", "[plugins][stamp]") {
    // Nothing was lost, whatever it counts.
    const StampRecord whole{{back(0, 71), back(1, 5'000), back(2, 9)}, 0};
    CHECK(stamp_loss(whole).forward == 0U);
    CHECK(stamp_loss(whole).backward == 0U);
    // From 40 on, and from where its numbers go round: one lost on its way there, one back.
    for (const std::uint32_t from : {3U, 40U, 0xffff'fffeU}) {
        CAPTURE(from);
        const StampRecord record{
            {back(0, from), lost(1), back(2, from + 1), lost(3), back(4, from + 3)}, 0};
        CHECK(stamp_loss(record).forward == 1U);
        CHECK(stamp_loss(record).backward == 1U);
        const auto there = stamp_passages(record, StampWay::forward);
        REQUIRE(there.size() == 5);
        CHECK(there[1].lost);
        CHECK_FALSE(there[3].lost);
        CHECK(stamp_passages(record, StampWay::backward).size() == 4);
    }
}

TEST_CASE("stamp record: times that cannot be are no values", "[plugins][stamp]") {
    StampRecord record{{back(0, 0), back(1, 1), back(2, 2), back(3, 3)}, 0};
    CHECK_FALSE(stamp_nonsense(record));
    record.slots[1].answer->t2 -= 5'000 * kMsNs;  // it says that it kept it for five seconds
    const auto nonsense = stamp_nonsense(record);
    REQUIRE(nonsense);
    CHECK(nonsense->dwell_s == Approx(5.001));
    CHECK(nonsense->away_s == Approx(0.031));
    for (const StampWay way : {StampWay::forward, StampWay::backward, StampWay::round_trip}) {
        CHECK(stamp_delays(record, way).size() == 3);
        CHECK(stamp_ipdv(record, way).size() == 1);
        const auto passages = stamp_passages(record, way);
        REQUIRE(passages.size() == 4);
        CHECK_FALSE(passages[1].lost);
        CHECK_FALSE(passages[1].delay_s);
    }
    CHECK(stamp_dwells(record).size() == 3);
    CHECK(stamp_loss(record).lost == 0);
    // Answered before it was asked.
    record.slots[1].answer->t2 = record.slots[1].answer->t3 + 2 * kMsNs;
    CHECK(stamp_nonsense(record)->dwell_s == Approx(-0.002));
}

TEST_CASE("stamp record: noise may make a round trip negative", "[plugins][stamp]") {
    StampRecord record{{back(0, 0)}, 0};
    StampAnswer& answer = *record.slots[0].answer;
    answer.t3 = answer.t2 + (answer.t4 - record.slots[0].t1) + 90'000;
    CHECK_FALSE(stamp_nonsense(record));
    REQUIRE(stamp_delays(record, StampWay::round_trip).size() == 1);
    CHECK(stamp_delays(record, StampWay::round_trip)[0] == Approx(-90e-6));
    answer.t3 += 20'000;
    CHECK(stamp_nonsense(record));
    CHECK(stamp_delays(record, StampWay::round_trip).empty());
}

TEST_CASE("stamp record: a packet that was doubled on its way there", "[plugins][stamp]") {
    StampRecord record{{back(0, 0), back(1, 1), back(2, 3), lost(3), back(4, 4)}, 0};
    record.slots[1].further = {2};
    const StampLoss loss = stamp_loss(record);
    CHECK(loss.duplicates == 1);
    CHECK(loss.forward == 1U);
    CHECK(loss.backward == 0U);
    // On its way back: the same number twice.
    StampRecord home{{back(0, 0), lost(1), back(2, 1)}, 0};
    home.slots[0].further = {0};
    CHECK(stamp_loss(home).forward == 1U);
    CHECK(stamp_loss(home).backward == 0U);
}

TEST_CASE("stamp record: one-way delays need two good clocks", "[plugins][stamp]") {
    StampRecord record{{back(0, 0), lost(1), back(2, 1)}, 0};
    CHECK(*stamp_clock_error(record, 0.002) == Approx(0.003));
    record.slots[2].answer->error.synchronised = false;
    CHECK_FALSE(stamp_clock_error(record, 0.002));
    record.slots[2].answer->error = {true, true, 0.001};
    CHECK_FALSE(stamp_clock_error(record, 0.002));
    record.slots[2].answer->error = {true, false, 0};
    CHECK_FALSE(stamp_clock_error(record, 0.002));
    CHECK_FALSE(stamp_clock_error(StampRecord{}, 0));
}

TEST_CASE("stamp stream: times are spread around their spacing", "[plugins][stamp]") {
    using std::chrono::microseconds;
    const auto even = stamp_times(4, microseconds(20'000), 0);
    CHECK(
        even ==
        std::vector<microseconds>{
            microseconds(0), microseconds(20'000), microseconds(40'000), microseconds(60'000)}
    );
    const auto spread = stamp_times(2'000, microseconds(1'000), 0.5);
    bool differ = false;
    for (std::size_t i = 1; i < spread.size(); ++i) {
        const auto gap = (spread[i] - spread[i - 1]).count();
        CHECK(gap >= 499);
        CHECK(gap <= 1'501);
        differ = differ || gap < 900;
    }
    CHECK(differ);
    // Six standard deviations of the mean of 1,999 gaps.
    CHECK(static_cast<double>(spread.back().count()) == Approx(1'999'000).margin(80'000));
    CHECK(check_stamp_address("hub:8620").empty());
    CHECK_FALSE(check_stamp_address("hub:0").empty());
}

}  // namespace cxedge::test
