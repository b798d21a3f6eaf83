// SPDX-License-Identifier: Apache-2.0
// What travels beside a message, with a real mosquitto.
#include <iostream>
#include <string>

#include "agent/uplink/broker.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"
#include "tests/unit/uplink/broker_log.hpp"

namespace cxedge::uplink {

TEST_CASE("mosquitto_broker: response topic, correlation and expiry travel", "[uplink]") {
    if (!test::MosquittoServer::available()) {
        std::cout << "skipped: mosquitto is not installed\n";
        return;
    }
    const auto protocol = GENERATE(Protocol::v5, Protocol::v311);
    const test::MosquittoServer server;
    BrokerOptions options;
    options.host = "127.0.0.1";
    options.port = server.port();
    options.client_id = "asker";
    options.protocol = protocol;
    test::BrokerLog log;
    const auto broker = make_mosquitto_broker();
    log.from = broker.get();
    REQUIRE(broker->connect(options, log).ok());
    REQUIRE(test::poll_until(*broker, [&] { return log.connected == 1; }));
    REQUIRE(broker->subscribe("a/#").ok());
    const std::string bytes("\x00\xff*", 3);
    REQUIRE(broker->send("a/b", "asked", {"a/answer", bytes, 300}).ok());
    REQUIRE(broker->publish("a/b", "plain", false).ok());
    REQUIRE(test::poll_until(*broker, [&] { return log.properties.size() == 2; }));
    const MessageProperties& asked = log.properties.front();
    const bool travel = protocol == Protocol::v5;
    CHECK(asked.response_topic == (travel ? "a/answer" : ""));
    CHECK(asked.correlation == (travel ? bytes : ""));
    CHECK(asked.expiry_s <= 300);
    CHECK((asked.expiry_s > 200) == travel);
    const MessageProperties& plain = log.properties.back();
    CHECK(plain.response_topic.empty());
    CHECK(plain.correlation.empty());
    CHECK(plain.expiry_s == 0);
}

}  // namespace cxedge::uplink
