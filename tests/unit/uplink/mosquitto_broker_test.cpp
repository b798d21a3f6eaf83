// SPDX-License-Identifier: Apache-2.0
// The real broker implementation against a real mosquitto.
#include <algorithm>
#include <array>
#include <iostream>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/base/unique_fd.hpp"
#include "agent/uplink/broker.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"
#include "tests/unit/uplink/broker_log.hpp"
#include "tests/unit/uplink/uplink_rig.hpp"

namespace cxedge::uplink {

using std::chrono::milliseconds;
using test::BrokerLog;
using test::mentions;
using test::MosquittoOptions;
using test::MosquittoServer;
using test::poll_until;

namespace {

bool skipped() {
    if (MosquittoServer::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto is not installed\n";
    return true;
}

BrokerOptions options_for(std::uint16_t port, const std::string& client_id = "box-1") {
    BrokerOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    options.client_id = client_id;
    return options;
}

struct Client {
    BrokerLog log;
    std::unique_ptr<Broker> broker = make_mosquitto_broker();

    explicit Client(const BrokerOptions& options) { REQUIRE(broker->connect(options, log).ok()); }
    bool comes_up() {
        return poll_until(
                   *broker, [&] { return log.connected == 1 || !log.disconnected.empty(); }
               ) &&
               log.connected == 1;
    }
    std::string ends_with() {
        poll_until(*broker, [&] { return !log.disconnected.empty(); });
        return log.disconnected.empty() ? "" : log.disconnected.back();
    }
    bool gets_message(const std::string& topic, const std::string& payload) {
        return poll_until(*broker, [&] {
            return std::find(log.messages.begin(), log.messages.end(), std::pair{topic, payload}) !=
                   log.messages.end();
        });
    }
};

// A socket of ours on 127.0.0.1 with a given backlog that nobody ever accepts from.
struct DeafListener {
    UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};

    explicit DeafListener(int backlog) {
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(fd.get(), generic, size) == 0);
        REQUIRE(::listen(fd.get(), backlog) == 0);
        REQUIRE(::getsockname(fd.get(), generic, &size) == 0);
    }
    [[nodiscard]] std::uint16_t port() const { return ntohs(address.sin_port); }
    // Connections that fill the backlog.
    [[nodiscard]] std::vector<UniqueFd> fill(int count) const {
        std::vector<UniqueFd> sockets;
        for (int i = 0; i < count; ++i) {
            sockets.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            ::connect(
                sockets.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address
            );
        }
        return sockets;
    }
};

}  // namespace

TEST_CASE("mosquitto_broker: connects, publishes, is acknowledged and receives", "[uplink]") {
    if (skipped()) {
        return;
    }
    const MosquittoServer server;
    Client client(options_for(server.port()));
    REQUIRE(client.comes_up());
    CHECK(client.log.limits.receive_maximum == 20);
    REQUIRE(client.broker->subscribe("a/#").ok());
    const auto mid = client.broker->publish("a/b", "hello", false);
    REQUIRE(mid.ok());
    CHECK(client.gets_message("a/b", "hello"));
    REQUIRE(poll_until(*client.broker, [&] { return !client.log.pubacks.empty(); }));
    CHECK(client.log.pubacks == std::vector<std::pair<int, std::uint8_t>>{{*mid, 0}});
    client.broker->disconnect();
    client.broker->disconnect();
    CHECK(client.log.disconnected.empty());
    CHECK_FALSE(client.broker->publish("a/b", "late", false).ok());
}

TEST_CASE("mosquitto_broker: carries many messages, empty and large ones too", "[uplink]") {
    if (skipped()) {
        return;
    }
    const MosquittoServer server;
    Client client(options_for(server.port()));
    REQUIRE(client.comes_up());
    REQUIRE(client.broker->subscribe("a/#").ok());
    const std::string large(3'000'000, 'x');
    REQUIRE(client.broker->publish("a/large", large, false).ok());
    REQUIRE(client.broker->publish("a/empty", "", false).ok());
    CHECK(client.gets_message("a/large", large));
    CHECK(client.gets_message("a/empty", ""));
    std::size_t sent = 2;
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 10; ++i, ++sent) {
            REQUIRE(client.broker->publish("a/n", std::to_string(sent), false).ok());
        }
        REQUIRE(poll_until(*client.broker, [&] { return client.log.pubacks.size() == sent; }));
    }
    CHECK(poll_until(*client.broker, [&] { return client.log.messages.size() == sent; }));
}

TEST_CASE(
    "mosquitto_broker: the will is published when the connection dies, not on goodbye", "[uplink]"
) {
    if (skipped()) {
        return;
    }
    const MosquittoServer server;
    Client watcher(options_for(server.port(), "watcher"));
    REQUIRE(watcher.comes_up());
    REQUIRE(watcher.broker->subscribe("state").ok());
    BrokerOptions options = options_for(server.port());
    options.will_topic = "state";
    options.will_payload = "gone";
    options.will_delay_s = 0;
    Client client(options);
    REQUIRE(client.comes_up());
    SECTION("dropped") {
        client.broker->drop();
        CHECK(watcher.gets_message("state", "gone"));
    }
    SECTION("goodbye: what was published before arrives, the will does not") {
        REQUIRE(client.broker->publish("state", "offline", true).ok());
        client.broker->disconnect();
        CHECK(watcher.gets_message("state", "offline"));
        REQUIRE(watcher.broker->publish("state", "marker", false).ok());
        CHECK(watcher.gets_message("state", "marker"));
        CHECK(watcher.log.messages.size() == 2);
    }
}

TEST_CASE("mosquitto_broker: user name and password", "[uplink]") {
    if (skipped()) {
        return;
    }
    MosquittoOptions server_options;
    server_options.users = {{"box", "secret"}};
    const MosquittoServer server(server_options);
    BrokerOptions options = options_for(server.port());
    options.username = "box";
    SECTION("right") {
        options.password = "secret";
        Client client(options);
        CHECK(client.comes_up());
    }
    SECTION("wrong") {
        options.password = "wrong";
        Client client(options);
        CHECK(client.ends_with() == "refused: not authorised (0x87)");
        CHECK(client.log.connected == 0);
        CHECK(client.log.disconnected.size() == 1);
    }
    SECTION("none") {
        options.username.clear();
        Client client(options);
        CHECK(client.ends_with() == "refused: not authorised (0x87)");
    }
}

TEST_CASE("mosquitto_broker: an ACL denial comes back as the reason of the PUBACK", "[uplink]") {
    if (skipped()) {
        return;
    }
    MosquittoOptions server_options;
    server_options.acl = "topic readwrite allowed/#";
    const MosquittoServer server(server_options);
    Client client(options_for(server.port()));
    REQUIRE(client.comes_up());
    const auto denied = client.broker->publish("denied/x", "1", false);
    const auto allowed = client.broker->publish("allowed/x", "1", false);
    REQUIRE(denied.ok());
    REQUIRE(allowed.ok());
    REQUIRE(poll_until(*client.broker, [&] { return client.log.pubacks.size() == 2; }));
    CHECK(client.log.pubacks[0] == std::pair<int, std::uint8_t>{*denied, 0x87});
    // 0x10: no matching subscribers, which is no refusal.
    CHECK(client.log.pubacks[1].first == *allowed);
    CHECK(client.log.pubacks[1].second < 0x80);
    CHECK(client.log.disconnected.empty());
}

// libmosquitto 2.0.11 aborts the process at 1991 bytes of payload for this topic.
TEST_CASE(
    "mosquitto_broker: packets near the broker's maximum size are refused, not fatal", "[uplink]"
) {
    if (skipped()) {
        return;
    }
    MosquittoOptions server_options;
    server_options.max_packet_size = 2000;
    const MosquittoServer server(server_options);
    Client client(options_for(server.port()));
    REQUIRE(client.comes_up());
    REQUIRE(client.log.limits.maximum_packet_size == 2000);
    const std::string topic = "t/a";
    for (std::size_t bytes = 1985; bytes <= 1995; ++bytes) {
        CAPTURE(bytes);
        CHECK_FALSE(client.broker->fits(topic.size(), bytes));
        const auto refused = client.broker->publish(topic, std::string(bytes, 'x'), false);
        REQUIRE_FALSE(refused.ok());
        CHECK(refused.error().code == ErrorCode::exhausted);
    }
    std::size_t largest = 0;
    for (std::size_t bytes = 0; bytes < 1985; ++bytes) {
        largest = client.broker->fits(topic.size(), bytes) ? bytes : largest;
    }
    CHECK(largest > 1900);
    REQUIRE(client.broker->publish(topic, std::string(largest, 'x'), false).ok());
    CHECK(poll_until(*client.broker, [&] { return client.log.pubacks.size() == 1; }));
    CHECK(client.log.disconnected.empty());
}

TEST_CASE("mosquitto_broker: limits of one broker do not stick to the next", "[uplink]") {
    if (skipped()) {
        return;
    }
    MosquittoOptions small;
    small.max_packet_size = 2000;
    const MosquittoServer first(small);
    const MosquittoServer second;
    Client client(options_for(first.port()));
    REQUIRE(client.comes_up());
    client.log.connected = 0;
    REQUIRE(client.broker->connect(options_for(second.port()), client.log).ok());
    REQUIRE(client.comes_up());
    CHECK(client.broker->fits(3, 100'000));
    REQUIRE(client.broker->publish("t/a", std::string(100'000, 'x'), false).ok());
    CHECK(poll_until(*client.broker, [&] { return client.log.pubacks.size() == 1; }));
}

TEST_CASE("mosquitto_broker: nothing listens there", "[uplink]") {
    DeafListener listener(1);
    const std::uint16_t port = listener.port();
    listener.fd.reset();
    Client client(options_for(port));
    CHECK(mentions(client.ends_with(), "Connection refused"));
    CHECK(client.broker->last_loss().reached == Reached::name);
}

TEST_CASE("mosquitto_broker: an unknown host ends the attempt, without blocking it", "[uplink]") {
    BrokerOptions options = options_for(1883);
    options.host = "no such host";
    const Client client(options);  // connect() does not know yet
    CHECK(client.log.disconnected.empty());
    Client other(options);
    CHECK(mentions(other.ends_with(), "looking up no such host"));
    CHECK(other.broker->last_loss().reached == Reached::nothing);
    CHECK(other.log.disconnected.size() == 1);
}

TEST_CASE(
    "mosquitto_broker: a host that swallows packets costs the timeout and no more", "[uplink]"
) {
    const DeafListener listener(0);
    const auto filling = listener.fill(4);
    BrokerOptions options = options_for(listener.port());
    options.connect_timeout = std::chrono::seconds(1);
    const SystemClock clock;
    const SteadyTime start = clock.steady_now();
    Client client(options);
    CHECK(clock.steady_now() - start < milliseconds(500));  // connect() does not wait
    CHECK(mentions(client.ends_with(), "did not answer within 1 s"));
    CHECK(clock.steady_now() - start >= milliseconds(1000));
    CHECK(clock.steady_now() - start < milliseconds(5000));
}

TEST_CASE("mosquitto_broker: a host that accepts and says nothing costs the timeout", "[uplink]") {
    const DeafListener listener(8);
    BrokerOptions options = options_for(listener.port());
    options.connect_timeout = std::chrono::seconds(1);
    Client client(options);
    CHECK(client.ends_with() == "no answer to CONNECT within 1 s");
}

// mosquitto 2.0.11 closes without a word in cases where MQTT has a reason to give; other brokers
// say it.
TEST_CASE("mosquitto_broker: the reason that a broker gives for ending is passed on", "[uplink]") {
    const DeafListener broker(8);
    Client client(options_for(broker.port()));
    // CONNACK, success, no properties; DISCONNECT 0x8e.
    constexpr std::string_view kAnswer("\x20\x03\x00\x00\x00\xe0\x02\x8e\x00", 9);
    std::vector<UniqueFd> accepted;
    REQUIRE(poll_until(*client.broker, [&] {
        UniqueFd fd(::accept4(broker.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (fd) {
            ::send(fd.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
            accepted.push_back(std::move(fd));
        }
        return !client.log.disconnected.empty();
    }));
    CHECK(client.log.connected == 1);
    CHECK(mentions(client.log.disconnected.front(), "session taken over"));
    CHECK(client.broker->last_loss().reached == Reached::session);
    CHECK(client.broker->last_loss().reason == 0x8e);
}

// What a broker of the old kind says to CONNECT, then closes.
struct OldBroker {
    DeafListener listener{8};
    std::string_view answer;  // empty: it only closes
    std::vector<UniqueFd> accepted;

    Loss refuses(Client& client) {
        poll_until(*client.broker, [&] {
            UniqueFd fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (fd && accepted.empty()) {
                accepted.push_back(std::move(fd));  // the probe
            } else if (fd) {
                std::array<char, 512> connect{};
                [[maybe_unused]] const auto got =
                    ::recv(fd.get(), connect.data(), connect.size(), 0);
                ::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
            }
            return !client.log.disconnected.empty();
        });
        return client.broker->last_loss();
    }
};

TEST_CASE("mosquitto_broker: a broker that speaks only MQTT 3.1.1 is told apart", "[uplink]") {
    OldBroker broker;
    SECTION("it says so in the old form") {
        broker.answer = std::string_view("\x20\x02\x00\x01", 4);
        Client client(options_for(broker.listener.port()));
        const Loss loss = broker.refuses(client);
        CHECK(loss.reached == Reached::server);
        CHECK(loss.reason == 0x84);
        CHECK(mentions(client.log.disconnected.front(), "unsupported protocol version"));
    }
    SECTION("it only closes") {
        Client client(options_for(broker.listener.port()));
        const Loss loss = broker.refuses(client);
        CHECK(loss.reached == Reached::server);
        CHECK(loss.reason == 0);
        CHECK(loss.closed);
    }
    SECTION("a refusal of MQTT 3.1.1 has the same meaning as one of 5.0") {
        broker.answer = std::string_view("\x20\x02\x00\x05", 4);
        BrokerOptions options = options_for(broker.listener.port());
        options.protocol = Protocol::v311;
        Client client(options);
        CHECK(broker.refuses(client).reason == 0x87);
        CHECK(client.log.disconnected.front() == "refused: not authorised (0x87)");
    }
}

TEST_CASE("mosquitto_broker: MQTT 3.1.1 carries everything but limits and reasons", "[uplink]") {
    if (skipped()) {
        return;
    }
    MosquittoOptions server_options;
    server_options.max_packet_size = 100'000;
    const MosquittoServer server(server_options);
    BrokerOptions options = options_for(server.port());
    options.protocol = Protocol::v311;
    options.will_topic = "state";
    options.will_payload = "gone";
    Client client(options);
    REQUIRE(client.comes_up());
    CHECK(client.log.limits.receive_maximum == 65535);
    CHECK(client.log.limits.maximum_packet_size == 0);
    REQUIRE(client.broker->subscribe("a/#").ok());
    const auto mid = client.broker->publish("a/b", "hello", true);
    REQUIRE(mid.ok());
    CHECK(client.gets_message("a/b", "hello"));
    REQUIRE(poll_until(*client.broker, [&] { return !client.log.pubacks.empty(); }));
    CHECK(client.log.pubacks == std::vector<std::pair<int, std::uint8_t>>{{*mid, 0}});
    CHECK(client.log.subscribed == std::vector<std::pair<std::string, std::uint8_t>>{{"a/#", 1}});
    client.broker->disconnect();
}

TEST_CASE("mosquitto_broker: wake() ends a poll from another thread", "[uplink]") {
    const auto broker = make_mosquitto_broker();
    const SystemClock clock;
    const SteadyTime start = clock.steady_now();
    std::thread other([&] { broker->wake(); });
    broker->poll(milliseconds(30000));
    other.join();
    CHECK(clock.steady_now() - start < milliseconds(20000));
}

TEST_CASE(
    "mosquitto_broker: connects again on the same port after the broker's restart", "[uplink]"
) {
    if (skipped()) {
        return;
    }
    MosquittoServer server;
    Client client(options_for(server.port()));
    REQUIRE(client.comes_up());
    server.kill();
    CHECK(client.ends_with() == "connection lost");
    server.start();
    client.log.connected = 0;
    client.log.disconnected.clear();
    REQUIRE(client.broker->connect(options_for(server.port()), client.log).ok());
    CHECK(client.comes_up());
}

TEST_CASE(
    "mosquitto_broker: an uplink over it delivers all through a restart of the broker", "[uplink]"
) {
    if (skipped()) {
        return;
    }
    MosquittoServer server;
    const SystemClock clock;
    const test::TempDir directory;
    store::SpoolOptions spool_options;
    spool_options.directory = directory.file("spool");
    auto spool = store::Spool::open(spool_options, clock);
    REQUIRE(spool.ok());
    REQUIRE((*spool)->add_definition(0, test::series_definition("metric.0")).ok());
    UplinkOptions options = test::rig_options();
    options.broker = options_for(server.port());
    options.backoff_min = milliseconds(20);
    options.backoff_max = milliseconds(100);
    const auto broker = make_mosquitto_broker();
    Uplink uplink(options, **spool, *broker, clock, [] { return wire::ClockState{}; });
    const auto append = [&](int count) {
        std::vector<store::NewBatch> batches;
        for (int i = 0; i < count; ++i) {
            batches.push_back(test::sealed_batch(clock, Stream::kpi, 1));
        }
        REQUIRE((*spool)->append(std::move(batches)).ok());
    };
    const auto run_until = [&](const std::function<bool()>& done) {
        const SteadyTime end = clock.steady_now() + std::chrono::seconds(20);
        while (!done() && clock.steady_now() < end) {
            uplink.run_once(milliseconds(50));
        }
        return done();
    };
    const auto empty = [&] {
        return (*spool)->status(Lane::live).batches == 0;
    };
    append(100);
    CHECK(run_until(empty));
    server.kill();
    append(100);
    CHECK(run_until([&] { return uplink.status().connection == Connection::offline; }));
    CHECK((*spool)->status(Lane::live).batches > 0);
    server.start();
    CHECK(run_until(empty));
    CHECK(uplink.status().samples_delivered == 200);
    CHECK(uplink.status().connects == 2);
    uplink.stop();
}

}  // namespace cxedge::uplink
