// SPDX-License-Identifier: Apache-2.0
// Several brokers, several protocols, brokers that come back.
#include <algorithm>

#include "agent/uplink/uplink.hpp"
#include "agent/wire/node_state.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedBroker;
using test::UplinkRig;

namespace {

// A rig with two brokers to choose from, "first" and "second", and a scout.
struct TwoBrokers {
    UplinkRig rig;
    ScriptedBroker scout;
    bool first_dead = false;

    TwoBrokers() {
        const auto dead = [this](const BrokerOptions& options) {
            return options.host == "first" && first_dead;
        };
        rig.broker.dead = dead;
        scout.dead = dead;
        UplinkOptions options = test::rig_options();
        options.broker.host = "first";
        options.alternatives = {{"second", 8883, true}};
        rig.uplink.reset();
        rig.uplink = std::make_unique<Uplink>(
            options,
            *rig.spool,
            Brokers(rig.broker, &scout),
            rig.clock,
            [this] { return rig.clock_state; }
        );
    }
};

}  // namespace

TEST_CASE(
    "connections: a broker that is back gets its first batch within half a second", "[uplink]"
) {
    UplinkRig rig;
    rig.pass(seconds(10), milliseconds(100));
    rig.broker.tcp_refused = true;
    rig.broker.lose_connection("broker killed");
    rig.pass(seconds(60), milliseconds(10));
    rig.append(Stream::kpi);
    rig.broker.tcp_refused = false;
    rig.broker.published.clear();
    rig.pass(milliseconds(500), milliseconds(10));
    CHECK(rig.broker.to("/up/").size() == 1);
}

TEST_CASE("connections: a broker that refuses CONNECT is left alone more and more", "[uplink]") {
    UplinkRig rig;
    rig.broker.refused_connects = 1'000'000;
    rig.pass(minutes(60), milliseconds(200));
    CHECK(rig.broker.connects < 100);
    CHECK(rig.broker.connects > 10);
}

TEST_CASE("connections: the next broker after three failures, and back when it works", "[uplink]") {
    TwoBrokers two;
    UplinkRig& rig = two.rig;
    two.first_dead = true;
    rig.append(Stream::kpi, 3);
    rig.pass(seconds(5), milliseconds(100));
    CHECK(rig.broker.connected());
    CHECK(rig.broker.options.host == "second");
    CHECK(rig.broker.options.port == 8883);
    CHECK(rig.broker.options.tls);
    CHECK(rig.held() == 0);
    CHECK(rig.uplink->status().endpoint == "second:8883");
    CHECK(rig.broker.connects == 4);

    const int drops = rig.broker.drops;
    rig.pass(minutes(25), seconds(1));
    CHECK(two.scout.connects == 2);  // every ten minutes
    CHECK(two.scout.options.client_id == "box-1-probe");
    CHECK(two.scout.options.host == "first");
    CHECK(two.scout.options.will_topic.empty());
    CHECK(rig.broker.options.host == "second");

    two.first_dead = false;
    rig.pass(minutes(6), seconds(1));
    CHECK(rig.broker.options.host == "first");
    CHECK(rig.broker.connected());
    CHECK(two.scout.disconnects == 1);
    CHECK(rig.broker.disconnects == 1);
    CHECK(rig.broker.drops == drops);  // a goodbye, not a will
    const auto states = rig.broker.to("/state");
    REQUIRE(states.size() == 3);
    CHECK_FALSE(wire::decode_node_state(states[1].payload)->online);
    CHECK(wire::decode_node_state(states[2].payload)->online);
    rig.append(Stream::kpi, 3);
    rig.pass(seconds(2), milliseconds(100));
    CHECK(rig.held() == 0);
    rig.pass(minutes(30), seconds(1));
    CHECK(two.scout.connects == 3);  // no need any more
}

TEST_CASE("connections: a lesser broker that fails makes room for the first again", "[uplink]") {
    TwoBrokers two;
    two.first_dead = true;
    two.rig.pass(seconds(5), milliseconds(100));
    REQUIRE(two.rig.broker.options.host == "second");
    two.first_dead = false;
    two.rig.broker.dead = [](const BrokerOptions& options) {
        return options.host == "second";
    };
    two.rig.broker.lose_connection("gone");
    two.rig.pass(seconds(10), milliseconds(100));
    CHECK(two.rig.broker.options.host == "first");
    CHECK(two.rig.broker.connected());
}

TEST_CASE("connections: a broker that speaks only MQTT 3.1.1 gets it", "[uplink]") {
    UplinkRig rig;
    rig.broker.speaks_v5 = false;
    rig.append(Stream::kpi, 3);
    rig.pass(seconds(10), milliseconds(100));
    CHECK(rig.broker.connected());
    CHECK(rig.uplink->status().protocol == "MQTT 3.1.1");
    CHECK(rig.held() == 0);
    // The broker was renewed: with the first connection an hour later it gets 5.0.
    rig.broker.speaks_v5 = true;
    rig.broker.lose_connection("renewed");
    rig.pass(seconds(10), milliseconds(100));
    CHECK(rig.broker.options.protocol == Protocol::v311);
    rig.pass(minutes(60), seconds(1));
    rig.broker.lose_connection("gone");
    rig.pass(seconds(10), milliseconds(100));
    CHECK(rig.broker.options.protocol == Protocol::v5);
    CHECK(rig.uplink->status().protocol == "MQTT 5.0");
}

}  // namespace cxedge::uplink
