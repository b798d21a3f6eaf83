// SPDX-License-Identifier: Apache-2.0
// What goes first: fresh batches and backlogs.
#include <algorithm>
#include <filesystem>

#include "agent/uplink/fresh_start.hpp"
#include "agent/uplink/lane_feed.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedBroker;
using test::UplinkRig;
using Side = LaneFeed::Side;
using Seqs = std::vector<std::uint64_t>;

namespace {

// Batches of `bytes`, one sealed every `period`.
void make_backlog(UplinkRig& rig, int count, milliseconds period, std::size_t bytes) {
    for (int i = 0; i < count; i += 100) {
        std::vector<store::NewBatch> batches;
        for (int j = 0; j < 100; ++j) {
            batches.push_back(test::sealed_batch(rig.clock, Stream::kpi, 1));
            batches.back().body.append(bytes, 'x');
            rig.clock.advance(period);
        }
        REQUIRE(rig.spool->append(std::move(batches)).ok());
    }
}

}  // namespace

TEST_CASE("schedule: a week of backlog drains at its rate while live goes at once", "[uplink]") {
    constexpr std::uint64_t kRate = 64U << 10U;
    constexpr std::size_t kBytes = 2000;
    constexpr int kBacklog = 2500;  // one every four minutes for seven days
    constexpr int kSeconds = 120;
    UplinkOptions options = test::rig_options();
    options.backfill_bytes_per_s = kRate;
    UplinkRig rig(options);
    make_backlog(rig, kBacklog, minutes(4), kBytes);
    rig.clock.advance(minutes(2));

    milliseconds latest{0};
    std::size_t live_seen = 0;
    SteadyTime finished{};
    const SteadyTime start = rig.clock.steady_now();
    for (int second = 0; second < kSeconds; ++second) {
        rig.append(Stream::kpi);
        const SteadyTime sealed = rig.clock.steady_now();
        while (rig.clock.steady_now() - sealed < seconds(1)) {
            rig.still();
            if (live_seen < rig.broker.to("/up/live/kpi").size() &&
                live_seen <= std::size_t(second)) {
                live_seen = rig.broker.to("/up/live/kpi").size();
                latest = std::max(
                    latest,
                    std::chrono::duration_cast<milliseconds>(rig.clock.steady_now() - sealed)
                );
            }
            rig.clock.advance(milliseconds(50));
        }
        if (finished == SteadyTime{} && rig.uplink->status().backfill_bytes == 0) {
            finished = rig.clock.steady_now();
        }
        if (second == 40) {
            CHECK(rig.uplink->status().backfill_bytes > 0);
        }
        if (second % 50 == 49) {
            rig.broker.published.erase(
                std::remove_if(
                    rig.broker.published.begin(),
                    rig.broker.published.end(),
                    [](const auto& packet) {
                        return packet.topic.find("/up/back/") != std::string::npos;
                    }
                ),
                rig.broker.published.end()
            );
        }
    }
    CHECK(live_seen == kSeconds);
    CHECK(latest <= milliseconds(200));
    REQUIRE(finished != SteadyTime{});
    const double wire_bytes = kBacklog * (kBytes + 60.0);
    const double expected_s = (wire_bytes - (256U << 10U)) / kRate;
    const double took_s = std::chrono::duration<double>(finished - start).count();
    CHECK(took_s >= expected_s * 0.9);
    CHECK(took_s <= expected_s * 1.15);
    CHECK(rig.spool->status(Lane::live).batches <= 1);
}

TEST_CASE("schedule: a backlog takes at most three quarters of the window", "[uplink]") {
    UplinkOptions options = test::rig_options();
    options.window = 8;
    UplinkRig rig(options);
    rig.append(Stream::kpi, 50);
    rig.clock.advance(minutes(2));
    rig.broker.answer = [](const ScriptedBroker::Published& packet) {
        const bool batch = packet.topic.find("/up/") != std::string::npos;
        return ScriptedBroker::Answer{batch ? 0 : 1, 0, 0, false};
    };
    rig.still(5);
    CHECK(rig.broker.to("/up/back/kpi").size() == 6);
    rig.append(Stream::kpi, 5);
    rig.still(3);
    CHECK(rig.broker.to("/up/live/kpi").size() == 2);
}

TEST_CASE(
    "schedule: a backlog begins at a random time after connecting, live at once", "[uplink]"
) {
    UplinkOptions options = test::rig_options();
    options.backfill_start_jitter = seconds(120);
    std::vector<SteadyTime::duration> starts;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        options.seed = seed;
        UplinkRig rig(options);
        rig.append(Stream::kpi);
        rig.clock.advance(minutes(2));
        rig.append(Stream::kpi);
        const SteadyTime connected = rig.clock.steady_now();
        rig.turn(4);
        CHECK(rig.broker.to("/up/live/kpi").size() == 1);
        while (rig.broker.to("/up/back/kpi").empty() &&
               rig.clock.steady_now() - connected < seconds(130)) {
            rig.turn();
        }
        REQUIRE(rig.broker.to("/up/back/kpi").size() == 1);
        starts.push_back(rig.clock.steady_now() - connected);
    }
    const auto [first, last] = std::minmax_element(starts.begin(), starts.end());
    CHECK(*last - *first > seconds(20));
}

TEST_CASE("schedule: fresh lane 2 goes before the backlog of lane 1", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 2);
    rig.append(Stream::health, 2);
    rig.clock.advance(minutes(2));
    rig.append(Stream::kpi, 1);
    rig.append(Stream::health, 1);
    rig.append(Stream::event, 1);
    rig.turn(4);
    std::vector<std::pair<Lane, bool>> order;
    for (const auto& packet : rig.broker.to("/up/")) {
        const auto header = test::parse(packet).header;
        order.emplace_back(header.lane, header.backfill);
    }
    using Order = std::vector<std::pair<Lane, bool>>;
    CHECK(
        order ==
        Order{
            {Lane::control, false},
            {Lane::live, false},
            {Lane::bulk, false},
            {Lane::live, true},
            {Lane::live, true},
            {Lane::bulk, true},
            {Lane::bulk, true},
        }
    );
}

TEST_CASE("schedule: what waits too long behind a slow broker becomes backlog", "[uplink]") {
    UplinkOptions options = test::rig_options();
    options.window = 1;
    options.ack_timeout = hours(1);
    UplinkRig rig(options);
    rig.turn(3);
    rig.broker.answer = [](const ScriptedBroker::Published&) {
        return ScriptedBroker::Answer{1, 0, 2, false};
    };
    rig.append(Stream::kpi, 30);
    rig.turn(3);
    rig.clock.advance(seconds(70));
    rig.append(Stream::kpi, 2);
    const std::size_t before = rig.broker.to("/up/").size();
    rig.turn(12);
    const auto after = rig.broker.to("/up/");
    REQUIRE(after.size() > before + 2);
    // One may have been on its way; then the two new ones.
    const Seqs sent =
        test::seqs({after.begin() + static_cast<std::ptrdiff_t>(before), after.end()});
    CHECK(std::count(sent.begin(), sent.begin() + 3, 31) == 1);
    CHECK(std::count(sent.begin(), sent.begin() + 3, 32) == 1);
    rig.turn(200);
    CHECK(rig.held() == 0);
    Seqs all = test::seqs(rig.broker.to("/up/"));
    std::sort(all.begin(), all.end());
    CHECK(all.size() == 32);
    CHECK(std::unique(all.begin(), all.end()) == all.end());
}

TEST_CASE("schedule: the start of what is fresh is found in few reads", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 500);
    const auto fresh_from = [&](std::uint64_t seq) {
        int reads = 0;
        const auto start = find_fresh_start(*rig.spool, Lane::live, [&](const auto& stored) {
            ++reads;
            return stored.seq >= seq;
        });
        REQUIRE(start.ok());
        REQUIRE(*start);
        CHECK(reads <= 12);
        const auto next = rig.spool->read(Lane::live, **start, 1);
        REQUIRE(next.ok());
        return next->empty() ? 0 : next->front().seq;
    };
    for (const std::uint64_t seq : {1U, 2U, 3U, 250U, 499U, 500U}) {
        CHECK(fresh_from(seq) == seq);
    }
    CHECK(fresh_from(501) == 0);  // none yet
    const auto none = find_fresh_start(*rig.spool, Lane::bulk, [](const auto&) { return true; });
    REQUIRE(none.ok());
    CHECK_FALSE(*none);
}

TEST_CASE("schedule: retries come at their time, once, and survive nothing else", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 6);
    LaneFeed feed(*rig.spool, Lane::live, [](const auto&) { return true; });
    constexpr SteadyTime kNow{hours(1)};
    std::vector<std::uint64_t> positions;
    while (const store::StoredBatch* front = feed.front(Side::fresh, kNow)) {
        positions.push_back(front->position);
        feed.pop(Side::fresh);
    }
    REQUIRE(positions.size() == 6);
    feed.retry(positions[4], kNow + seconds(5));
    feed.retry(positions[1], kNow + seconds(9));
    CHECK(feed.front(Side::backlog, kNow) == nullptr);
    CHECK(feed.due(Side::backlog, kNow) == kNow + seconds(5));
    REQUIRE(rig.spool->acknowledge({positions[1]}).ok());
    REQUIRE(feed.front(Side::backlog, kNow + seconds(5)) != nullptr);
    CHECK(feed.front(Side::backlog, kNow + seconds(5))->position == positions[4]);
    feed.pop(Side::backlog);
    CHECK(feed.front(Side::backlog, kNow + seconds(10)) == nullptr);  // delivered meanwhile
    CHECK_FALSE(feed.due(Side::backlog, kNow + seconds(10)));
}

TEST_CASE("schedule: batches of an older epoch are backlog and do not stop new ones", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 5);
    rig.clock.advance(minutes(2));
    rig.uplink.reset();
    rig.spool.reset();
    // Sequence numbers are lost: a new epoch.
    std::filesystem::remove(rig.directory.file("spool/state.db"));
    std::filesystem::remove(rig.directory.file("spool/state.db-wal"));
    store::SpoolOptions options;
    options.directory = rig.directory.file("spool");
    auto opened = store::Spool::open(options, rig.clock);
    REQUIRE(opened.ok());
    rig.spool = std::move(opened.value());
    REQUIRE(rig.spool->status(Lane::live).batches == 5);
    UplinkOptions uplink_options = test::rig_options();
    uplink_options.backfill_bytes_per_s = 1;
    uplink_options.backfill_start_jitter = hours(10);
    rig.reopen_uplink(uplink_options);
    rig.turn(5);
    CHECK(rig.broker.to("/up/").empty());
    rig.append(Stream::kpi, 2);
    rig.turn(3);
    CHECK(rig.broker.to("/up/live/kpi").size() == 2);
    rig.pass(hours(11), minutes(1));
    CHECK(rig.held() == 0);
}

}  // namespace cxedge::uplink
