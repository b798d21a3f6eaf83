// SPDX-License-Identifier: Apache-2.0
// What a broker may send to a box at most, against a real mosquitto.
#include <algorithm>
#include <iostream>
#include <utility>

#include "agent/uplink/broker.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"
#include "tests/unit/uplink/broker_log.hpp"

namespace cxedge::uplink {

TEST_CASE("mosquitto_broker: megabytes stay at the broker, or are cut", "[uplink]") {
    if (!test::MosquittoServer::available()) {
        std::cout << "skipped: mosquitto is not installed\n";
        return;
    }
    const test::MosquittoServer server;
    constexpr std::uint32_t kMost = 1000;
    const std::string fits(kMost - 100, 'f');
    for (const Protocol protocol : {Protocol::v5, Protocol::v311}) {
        BrokerOptions options;
        options.host = "127.0.0.1";
        options.port = server.port();
        options.client_id = "box-1";
        options.protocol = protocol;
        options.max_incoming_bytes = kMost;
        test::BrokerLog log;
        const auto broker = make_mosquitto_broker();
        REQUIRE(broker->connect(options, log).ok());
        REQUIRE(test::poll_until(*broker, [&] { return log.connected == 1; }));
        REQUIRE(broker->subscribe("a/#").ok());
        REQUIRE(broker->publish("a/large", std::string(3'000'000, 'x'), false).ok());
        REQUIRE(broker->publish("a/small", fits, false).ok());
        const auto arrived = [&](const std::string& topic, const std::string& payload) {
            return std::count(log.messages.begin(), log.messages.end(), std::pair{topic, payload});
        };
        CHECK(test::poll_until(*broker, [&] { return arrived("a/small", fits) == 1; }));
        const bool cuts = protocol == Protocol::v311;
        CHECK(arrived("a/large", std::string(kMost, 'x')) == (cuts ? 1 : 0));
        CHECK(log.messages.size() == (cuts ? 2 : 1));
        CHECK(log.disconnected.empty());
        broker->disconnect();
    }
}

}  // namespace cxedge::uplink
