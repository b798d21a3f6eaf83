// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/uplink.hpp"

#include "agent/wire/node_state.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using test::ScriptedBroker;
using test::UplinkRig;
using Answer = ScriptedBroker::Answer;
using Seqs = std::vector<std::uint64_t>;

namespace {

bool is_batch(const ScriptedBroker::Published& packet) {
    return packet.topic.find("/up/") != std::string::npos;
}

// Answers batches as `fate` says, everything else well.
std::function<Answer(const ScriptedBroker::Published&)> batches_get(Answer fate) {
    return [fate](const ScriptedBroker::Published& packet) {
        return is_batch(packet) ? fate : Answer{};
    };
}

constexpr Answer kNever{0, 0, 0, false};

}  // namespace

TEST_CASE("uplink: delivers what the spool holds and deletes it", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 5);
    rig.turn(6);
    CHECK(test::seqs(rig.broker.to("/up/")) == Seqs{1, 2, 3, 4, 5});
    CHECK(rig.held() == 0);
    const UplinkStatus status = rig.uplink->status();
    CHECK(status.connection == Connection::online);
    CHECK(status.connects == 1);
    CHECK(status.batches_sent == 5);
    CHECK(status.batches_accepted == 5);
    CHECK(status.batches_delivered == 5);
    CHECK(status.samples_delivered == 5);
    CHECK(status.in_flight == 0);
    CHECK(status.last_error.empty());
    CHECK(status.bytes_sent > 0);
}

TEST_CASE("uplink: control goes before live, live before bulk", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::health, 2);
    rig.append(Stream::kpi, 2);
    rig.append(Stream::event, 2);
    rig.turn(4);
    const auto packets = rig.broker.to("/up/");
    std::vector<Lane> lanes;
    for (const auto& packet : packets) {
        lanes.push_back(test::parse(packet).header.lane);
    }
    CHECK(
        lanes ==
        std::vector{Lane::control, Lane::control, Lane::live, Lane::live, Lane::bulk, Lane::bulk}
    );
}

TEST_CASE("uplink: an alert overtakes a backlog at the next free slot", "[uplink]") {
    auto options = test::rig_options();
    options.window = 2;
    UplinkRig rig(options);
    rig.append(Stream::kpi, 20);
    rig.turn(4);
    const std::size_t before = rig.broker.to("/up/").size();
    REQUIRE(before < 20);
    rig.append(Stream::event);
    rig.turn(1);
    CHECK(test::parse(rig.broker.to("/up/").at(before)).header.lane == Lane::control);
}

TEST_CASE(
    "uplink: never more in flight than its window or the broker's receive maximum", "[uplink]"
) {
    auto options = test::rig_options();
    options.window = 4;
    SECTION("own window") {
        UplinkRig rig(options);
        rig.append(Stream::kpi, 50);
        rig.turn(100);
        CHECK(rig.broker.max_outstanding == 4);
        CHECK(rig.held() == 0);
    }
    SECTION("the broker's, of which one stays free for the last word") {
        UplinkRig rig(options);
        rig.broker.limits.receive_maximum = 3;
        rig.append(Stream::kpi, 50);
        rig.turn(100);
        CHECK(rig.broker.max_outstanding == 2);
        CHECK(rig.held() == 0);
    }
    SECTION("a broker that grants a single packet") {
        UplinkRig rig(options);
        rig.broker.limits.receive_maximum = 1;
        rig.append(Stream::kpi, 5);
        rig.turn(50);
        CHECK(rig.broker.max_outstanding == 1);
        CHECK(rig.held() == 0);
    }
}

TEST_CASE("uplink: publishes nothing while offline", "[uplink]") {
    UplinkRig rig;
    rig.broker.unreachable_connects = 2;
    rig.broker.refused_connects = 2;
    rig.append(Stream::kpi, 3);
    rig.turn(3);
    CHECK(rig.broker.published.empty());
    CHECK(rig.uplink->status().connection == Connection::offline);
    CHECK(rig.uplink->status().last_error == "unreachable");
    rig.pass(milliseconds(300000), milliseconds(100));
    CHECK(rig.broker.published_offline == 0);
    CHECK(rig.broker.connections == 1);
    CHECK(rig.uplink->status().last_error == "refused: not authorised (0x87)");
    CHECK(rig.held() == 0);
}

TEST_CASE(
    "uplink: replays in order what was not acknowledged when the connection was lost", "[uplink]"
) {
    UplinkRig rig;
    rig.append(Stream::kpi, 6);
    rig.broker.answer = [](const ScriptedBroker::Published& packet) {
        const bool third = is_batch(packet) && test::parse(packet).header.seq == 3;
        return third && packet.connection == 1 ? Answer{0, 0, 0, true} : Answer{};
    };
    rig.turn(3);
    CHECK(rig.uplink->status().connection == Connection::offline);
    CHECK(rig.uplink->status().last_error == "connection lost");
    rig.pass(milliseconds(4000), milliseconds(50));
    CHECK(test::seqs(rig.broker.to("/up/")) == Seqs{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().samples_delivered == 6);
    CHECK(rig.broker.published_offline == 0);
}

TEST_CASE(
    "uplink: a missing acknowledgement ends the connection, and the next one replays", "[uplink]"
) {
    UplinkRig rig;
    rig.append(Stream::kpi, 2);
    rig.broker.answer = [](const ScriptedBroker::Published& packet) {
        return packet.connection == 1 && is_batch(packet) ? kNever : Answer{};
    };
    rig.turn(3);
    rig.pass(milliseconds(29500), milliseconds(500));
    CHECK(rig.broker.connected());
    CHECK(rig.held() == 2);
    rig.pass(milliseconds(1000), milliseconds(500));
    CHECK(rig.uplink->status().last_error == "no acknowledgement for 30000 ms");
    CHECK(rig.broker.drops >= 1);
    CHECK(rig.broker.disconnects == 0);  // no goodbye: the will must stay armed
    rig.pass(milliseconds(5000), milliseconds(100));
    CHECK(rig.held() == 0);
    CHECK(rig.broker.connections == 2);
}

TEST_CASE("uplink: a repeated acknowledgement counts once", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 3);
    rig.broker.answer = batches_get({2, 0, 0, false});
    rig.turn(6);
    CHECK(rig.uplink->status().batches_delivered == 3);
    CHECK(rig.uplink->status().samples_delivered == 3);
    CHECK(rig.held() == 0);
}

TEST_CASE("uplink: late acknowledgements are awaited, not repeated", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 40);
    rig.broker.answer = batches_get({1, 0, 10, false});
    rig.turn(60);
    CHECK(rig.broker.to("/up/").size() == 40);
    CHECK(rig.held() == 0);
}

TEST_CASE("uplink: what was sealed more than a minute ago is backfill", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi);
    rig.append(Stream::event);
    rig.clock.advance(milliseconds(60001));
    rig.append(Stream::kpi);
    rig.turn(4);
    const auto back = rig.broker.to("/up/back/kpi");
    const auto live = rig.broker.to("/up/live/kpi");
    const auto events = rig.broker.to("/up/evt");
    REQUIRE(back.size() == 1);
    REQUIRE(live.size() == 1);
    REQUIRE(events.size() == 1);
    CHECK(test::parse(back[0]).header.backfill);
    CHECK_FALSE(test::parse(live[0]).header.backfill);
    CHECK(test::parse(events[0]).header.backfill);
}

TEST_CASE("uplink: times follow the clock as it is known when sending", "[uplink]") {
    UplinkRig rig;
    rig.clock.set_wall(from_unix_ms(0));  // a box that booted without a clock
    rig.append(Stream::kpi);
    rig.clock.advance(milliseconds(5000));
    rig.clock.set_wall(from_unix_ms(1'800'000'005'000));  // NTP came
    rig.clock_state = {4, 250, 1};
    rig.turn(3);
    const auto packets = rig.broker.to("/up/live/kpi");
    REQUIRE(packets.size() == 1);
    const auto batch = test::parse(packets[0]);
    CHECK(unix_ms(batch.header.t0) == 1'800'000'000'000);
    CHECK(batch.header.clock == wire::ClockState{4, 250, 1});
    const auto decoded = wire::decode_body(batch);
    REQUIRE(decoded.ok());
    REQUIRE(decoded->samples.size() == 1);
    CHECK(decoded->samples[0].time == at_wall(from_unix_ms(1'800'000'000'000)));
}

TEST_CASE("uplink: a new append wakes the broker's poll", "[uplink]") {
    UplinkRig rig;
    rig.turn(4);
    const int before = rig.broker.wakes;
    rig.append(Stream::kpi);
    CHECK(rig.broker.wakes == before + 1);
    rig.turn(2);
    CHECK(rig.held() == 0);
}

TEST_CASE("uplink: an idle turn waits as long as it may", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 3);
    rig.turn(5);
    rig.uplink->run_once(milliseconds(1000));
    CHECK(rig.broker.last_timeout == milliseconds(1000));
}

TEST_CASE(
    "uplink: waits between attempts, longer each time, short again after a stable minute",
    "[uplink]"
) {
    UplinkRig rig;
    rig.broker.unreachable_connects = 1000;
    rig.pass(milliseconds(600000), milliseconds(1000));
    // The first at once, then at least 1 s apart, growing.
    CHECK(rig.broker.connects >= 4);
    CHECK(rig.broker.connects <= 60);
    rig.broker.unreachable_connects = 0;
    rig.pass(milliseconds(300000), milliseconds(1000));
    REQUIRE(rig.broker.connected());
    rig.pass(milliseconds(61000), milliseconds(1000));
    rig.broker.lose_connection("gone");
    rig.turn();
    rig.pass(milliseconds(4000), milliseconds(1000));
    CHECK(rig.broker.connected());
}

TEST_CASE("uplink: says online when it connects and offline when it leaves", "[uplink]") {
    UplinkRig rig;
    rig.turn(3);
    const auto first = rig.broker.to("/state");
    REQUIRE(first.size() == 1);
    CHECK(first[0].retain);
    CHECK(first[0].topic == "cx/1/acme/store-7/box-1/state");
    const auto online = wire::decode_node_state(first[0].payload);
    const auto will = wire::decode_node_state(rig.broker.options.will_payload);
    REQUIRE(online.ok());
    REQUIRE(will.ok());
    CHECK(rig.broker.options.will_topic == first[0].topic);
    CHECK(online->online);
    CHECK_FALSE(will->online);
    CHECK(online->session == will->session);
    CHECK(online->version == "0.1.0");

    rig.append(Stream::kpi, 3);
    rig.broker.answer = batches_get(kNever);
    rig.turn();
    rig.uplink->stop();
    const auto states = rig.broker.to("/state");
    REQUIRE(states.size() == 2);
    CHECK(states[1].retain);
    CHECK_FALSE(wire::decode_node_state(states[1].payload)->online);
    CHECK(rig.broker.disconnects == 1);
    CHECK(rig.held() == 3);
    rig.pass(milliseconds(10000), milliseconds(1000));
    CHECK(rig.broker.connects == 1);
}

TEST_CASE("uplink: goes on where the process before it stopped", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 3);
    rig.broker.answer = batches_get(kNever);
    rig.turn(3);
    rig.broker.answer = [](const ScriptedBroker::Published&) {
        return Answer{};
    };
    rig.reopen_uplink(test::rig_options());
    rig.turn(8);
    CHECK(test::seqs(rig.broker.to("/up/")) == Seqs{1, 2, 3, 1, 2, 3});
    CHECK(rig.held() == 0);
}

}  // namespace cxedge::uplink
