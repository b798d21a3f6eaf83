// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/broker_link.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/scripted_broker.hpp"

namespace cxedge::ctl {
namespace {

constexpr const char* kDocumentTopic = "cx/1/acme/group/stores/twin/desired";

// A link over a broker that loses what it is told to lose.
struct Linked {
    test::ScriptedBroker broker;
    test::ManualClock clock;
    BrokerLink link{
        "broker.example",
        {},
        {},
        {broker,
         clock,
         [](const std::string&) {},
         [](const std::string&, std::string_view) {},
         {}}};

    void turns(int count) {
        for (int i = 0; i < count; ++i) {
            clock.advance(std::chrono::seconds(3));  // longer than the longest backoff
            link.turn();
        }
    }
};

}  // namespace

TEST_CASE("broker_link: what is kept waits while the link is down, and for its PUBACK", "[ctl]") {
    Linked linked;
    linked.broker.refused_connects = 2;
    linked.link.keep(kDocumentTopic, "document");
    linked.link.publish("cx/1/acme/paris/gw-1/cmd/req", "not kept", false);
    linked.turns(2);
    CHECK(linked.broker.published.empty());
    linked.link.keep(kDocumentTopic, "");  // the last word
    CHECK(linked.link.unconfirmed() == 1);
    linked.broker.answer = [](const test::ScriptedBroker::Published& /*what*/) {
        return test::ScriptedBroker::Answer{1, 0, 1, false};
    };
    linked.turns(1);
    REQUIRE(linked.broker.published.size() == 1);
    CHECK(linked.broker.published[0].topic == kDocumentTopic);
    CHECK(linked.broker.published[0].payload.empty());
    CHECK(linked.broker.published[0].retain);
    CHECK(linked.link.unconfirmed() == 1);
    linked.turns(3);
    CHECK(linked.link.unconfirmed() == 0);
    CHECK(linked.broker.published.size() == 1);
    CHECK(linked.broker.published_offline == 0);
}

TEST_CASE("broker_link: what a lost connection took along is sent again", "[ctl]") {
    Linked linked;
    linked.turns(1);
    linked.broker.answer = [](const test::ScriptedBroker::Published& what) {
        return test::ScriptedBroker::Answer{1, 0, 0, what.connection == 1};
    };
    linked.link.keep(kDocumentTopic, "document");
    linked.turns(6);
    REQUIRE(linked.broker.published.size() == 2);
    CHECK(linked.broker.published[1].connection == 2);
    CHECK(linked.broker.published[1].payload == "document");
    CHECK(linked.link.unconfirmed() == 0);
}

TEST_CASE("broker_link: what the broker refuses is not confirmed", "[ctl]") {
    Linked linked;
    linked.broker.answer = [](const test::ScriptedBroker::Published& /*what*/) {
        return test::ScriptedBroker::Answer{1, 0x87, 0, false};
    };
    linked.link.keep(kDocumentTopic, "document");
    linked.turns(5);
    CHECK(linked.broker.published.size() == 1);
    CHECK(linked.link.unconfirmed() == 1);
}

}  // namespace cxedge::ctl
