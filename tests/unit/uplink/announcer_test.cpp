// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/announcer.hpp"

#include "agent/wire/node_state.hpp"
#include "agent/wire/request.hpp"
#include "agent/wire/topics.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using test::ScriptedBroker;
using test::UplinkRig;

namespace {

// Reads everything published as the platform would; fails when a batch comes before its names.
void check_decodable(const std::vector<ScriptedBroker::Published>& packets) {
    wire::DictionaryReplica replica;
    for (const auto& packet : packets) {
        CAPTURE(packet.topic);
        if (packet.topic.find("/dict") != std::string::npos) {
            CHECK(packet.retain);
            CHECK(replica.apply(packet.payload).ok());
        } else if (packet.topic.find("/up/") != std::string::npos) {
            CHECK_FALSE(packet.retain);
            const auto batch = test::parse(packet);
            CHECK(replica.covers(batch.header.dict_id, batch.body.dict_size));
        }
    }
}

}  // namespace

TEST_CASE("announcer: the dictionary is announced before the first batch", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi, 2);
    rig.turn(4);
    REQUIRE(rig.broker.to("/dict").size() == 1);
    REQUIRE(rig.broker.to("/up/").size() == 2);
    check_decodable(rig.broker.published);
}

TEST_CASE("announcer: new series are announced before the batch that needs them", "[uplink]") {
    UplinkRig rig;
    rig.append(Stream::kpi);
    rig.turn(4);
    rig.add_series(2);
    rig.append(Stream::kpi, 1, 3);
    rig.append(Stream::kpi, 1, 1);
    rig.turn(4);
    CHECK(rig.broker.to("/dict").size() == 2);
    CHECK(rig.held() == 0);
    check_decodable(rig.broker.published);
}

TEST_CASE("announcer: only parts that changed are announced again", "[uplink]") {
    UplinkRig rig;
    rig.add_series(wire::kSeriesPerPart);  // with the rig's own one: two parts
    rig.append(Stream::kpi, 1, wire::kSeriesPerPart + 1);
    rig.turn(4);
    REQUIRE(rig.broker.to("/dict").size() == 2);
    rig.add_series(1);
    rig.append(Stream::kpi, 1, wire::kSeriesPerPart + 2);
    rig.turn(4);
    CHECK(rig.broker.to("/dict").size() == 3);
    CHECK(rig.broker.to("/dict/1").size() == 2);
    check_decodable(rig.broker.published);
}

TEST_CASE("announcer: more parts than the window still come before the batch", "[uplink]") {
    auto options = test::rig_options();
    options.window = 2;
    UplinkRig rig(options);
    rig.add_series(3 * wire::kSeriesPerPart);
    rig.append(Stream::kpi, 1, 3 * wire::kSeriesPerPart + 1);
    rig.turn(12);
    CHECK(rig.broker.to("/dict").size() == 4);
    CHECK(rig.broker.max_outstanding == 2);
    CHECK(rig.held() == 0);
    check_decodable(rig.broker.published);
}

TEST_CASE("announcer: every connection gets the whole dictionary", "[uplink]") {
    UplinkRig rig;
    rig.turn(3);
    rig.broker.lose_connection("gone");
    rig.pass(milliseconds(4000), milliseconds(100));
    REQUIRE(rig.broker.connections == 2);
    CHECK(rig.broker.to("/dict").size() == 2);
}

TEST_CASE(
    "announcer: answers who needs the dictionary, but not every second time at once", "[uplink]"
) {
    UplinkRig rig;
    const std::string topic = wire::Topics("acme", "store-7", "box-1").command_request();
    rig.turn(3);
    REQUIRE(rig.broker.subscribed.back() == topic);
    REQUIRE(rig.broker.to("/dict").size() == 1);
    rig.broker.receive(topic, "rubbish");
    rig.turn(3);
    CHECK(rig.broker.to("/dict").size() == 1);
    rig.broker.receive(topic, wire::encode_request(wire::NeedDictionary{}));
    rig.turn(3);
    CHECK(rig.broker.to("/dict").size() == 2);
    for (int i = 0; i < 10; ++i) {
        rig.broker.receive(topic, wire::encode_request(wire::NeedDictionary{}));
        rig.still(2);
    }
    CHECK(rig.broker.to("/dict").size() == 2);
    rig.pass(milliseconds(1000), milliseconds(500));
    CHECK(rig.broker.to("/dict").size() == 3);
}

TEST_CASE("announcer: batches whose series the broker refuses wait, others go", "[uplink]") {
    UplinkRig rig;
    rig.add_series(wire::kSeriesPerPart);
    bool denied = true;
    rig.broker.answer = [&denied](const ScriptedBroker::Published& packet) {
        const bool second_part = packet.topic.find("/dict/1") != std::string::npos;
        const std::uint8_t reason = denied && second_part ? 0x87 : 0;
        return ScriptedBroker::Answer{1, reason, 0, false};
    };
    rig.append(Stream::kpi, 1, 1);
    rig.append(Stream::kpi, 3, wire::kSeriesPerPart + 1);
    rig.append(Stream::event, 1, 0);
    rig.turn(8);
    CHECK(rig.held() == 3);
    CHECK(test::mentions(rig.uplink->status().last_error, "/dict/1"));
    CHECK(test::mentions(rig.uplink->status().last_error, "wait in the spool"));
    rig.pass(std::chrono::hours(1), milliseconds(1000));
    CHECK(rig.held() == 3);
    // 5 s, doubled up to 5 min: an hour has some sixteen attempts.
    CHECK(rig.broker.to("/dict/1").size() < 20);
    denied = false;
    rig.pass(std::chrono::minutes(6), milliseconds(1000));
    CHECK(rig.held() == 0);
    check_decodable(rig.broker.published);
}

TEST_CASE("announcer: no batch goes before the broker has accepted its series", "[uplink]") {
    UplinkRig rig;
    rig.broker.answer = [](const ScriptedBroker::Published& packet) {
        const bool dictionary = packet.topic.find("/dict") != std::string::npos;
        return ScriptedBroker::Answer{1, 0, dictionary ? 20 : 0, false};
    };
    rig.append(Stream::kpi, 2);
    rig.turn(15);
    CHECK(rig.broker.to("/dict").size() == 1);
    CHECK(rig.broker.to("/up/").empty());
    rig.turn(20);
    CHECK(rig.held() == 0);
}

TEST_CASE("announcer: a dictionary larger than the broker takes keeps its batches", "[uplink]") {
    UplinkRig rig;
    rig.broker.limits.maximum_packet_size = 60;
    rig.append(Stream::kpi);
    rig.pass(std::chrono::minutes(20), milliseconds(1000));
    CHECK(rig.held() == 1);
    CHECK(rig.uplink->status().batches_buried == 0);
    CHECK(test::mentions(rig.uplink->status().last_error, "too large for the broker"));
    rig.broker.limits.maximum_packet_size = 0;
    rig.broker.lose_connection("the broker was set right");
    rig.pass(std::chrono::minutes(2), milliseconds(500));
    CHECK(rig.held() == 0);
}

TEST_CASE(
    "announcer: a batch whose series are not in the spool waits and does not block", "[uplink]"
) {
    UplinkRig rig;
    rig.append(Stream::kpi, 1, 2);  // series 1 does not exist yet
    rig.append(Stream::kpi, 1, 1);
    rig.turn(8);
    CHECK(rig.held() == 1);
    CHECK(test::mentions(rig.uplink->status().last_error, "needs 2 series definitions"));
    rig.add_series(1);
    REQUIRE(rig.spool->commit(store::Spool::Move::all).ok());
    rig.pass(milliseconds(6000), milliseconds(500));
    CHECK(rig.held() == 0);
    check_decodable(rig.broker.published);
}

}  // namespace cxedge::uplink
