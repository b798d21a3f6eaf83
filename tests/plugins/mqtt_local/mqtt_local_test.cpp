// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/mqtt_local.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include <fmt/core.h>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/mqtt_local/publisher.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/mosquitto_server.hpp"
#include "tests/support/test_ca.hpp"

namespace cxedge::test {
namespace {

using plugins::MqttLocal;

constexpr std::string_view kZigbee =
    "[[source.topic]]\ntopic = \"zigbee2mqtt/#\"\nformat = \"zigbee2mqtt\"\n";
// 2023-11-14T22:13:20Z is now, by the clock of the test.
constexpr std::int64_t kNowMs = 1'700'000'000'000;

std::string broker_line(std::uint16_t port) {
    return fmt::format("plugin = \"mqtt_local\"\nbroker = \"mqtt://127.0.0.1:{}\"\n", port);
}

bool is_missing(bool available, const char* what) {
    if (!available) {
        WARN("skipped: needs " << what);
    }
    return !available;
}

// A source and its broker.
struct AtBroker {
    explicit AtBroker(MosquittoOptions options = {}) : broker(std::move(options)) {}

    Status start(std::string_view topics, const std::string& more = {}) {
        return run.start(broker_line(broker.port()) + more + std::string(topics));
    }
    bool settled() {
        return run.host.run_until([&] {
            return !run.host.problems.empty() && run.host.problems.back().empty();
        });
    }
    bool in_trouble(const std::string& part) {
        return run.host.run_until([&] {
            return !run.host.problems.empty() &&
                   run.host.problems.back().find(part) != std::string::npos;
        });
    }
    bool has(const std::string& series, std::size_t count) {
        return run.host.run_until([&] { return run.host.values_of(series).size() >= count; });
    }
    std::size_t events(const std::string& name) const {
        return static_cast<std::size_t>(std::count_if(
            run.host.events.begin(),
            run.host.events.end(),
            [&](const Event& event) { return event.name == name; }
        ));
    }
    // Everything that was published before has been handled.
    void catch_up() {
        Publisher(broker.port()).send("zigbee2mqtt/marker", R"({"co2":1})");
        REQUIRE(has("store.env.co2{device=marker,room=marker}", ++markers));
    }
    // As the inventory has it now; null: it is not in it.
    const DeviceNote* note(const std::string& device) const {
        const auto found = std::find_if(
            run.host.devices.rbegin(),
            run.host.devices.rend(),
            [&](const DeviceNote& each) { return each.device == device; }
        );
        return found == run.host.devices.rend() ? nullptr : &*found;
    }
    bool is_up(const std::string& device) const {
        return note(device) != nullptr && note(device)->up;
    }

    MosquittoServer broker;
    Running<MqttLocal> run;
    std::size_t markers = 0;
};

const std::string kDoor = "store.door.open{device=d,door=d}";

std::string seen_ago(std::int64_t seconds) {
    return fmt::format(R"({{"contact":false,"last_seen":{}}})", kNowMs - seconds * 1000);
}

}  // namespace

TEST_CASE("mqtt_local: contact true = closed, live", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    Publisher door(at.broker.port());
    door.send("zigbee2mqtt/d", R"({"contact":true,"battery":80})");
    door.send("zigbee2mqtt/d", R"({"contact":false})");
    REQUIRE(at.has(kDoor, 2));
    CHECK(at.run.host.values_of(kDoor) == std::vector<double>{0, 1});
    REQUIRE(at.note("d") != nullptr);
    CHECK(at.note("d")->battery == 80);
    CHECK(at.is_up("d"));
}

TEST_CASE("mqtt_local: comes back after the broker was killed", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    at.broker.kill();
    REQUIRE(at.in_trouble("broker 127.0.0.1"));
    at.broker.start();
    REQUIRE(at.settled());
    Publisher(at.broker.port()).send("zigbee2mqtt/d", R"({"contact":true})");
    REQUIRE(at.has(kDoor, 1));
}

TEST_CASE("mqtt_local: a broker that is not there is waited for", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    at.broker.stop();
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.in_trouble("Connection refused"));
    at.broker.start();
    REQUIRE(at.settled());
}

TEST_CASE("trap: a retained state of a dead device is not a reading", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    Publisher(at.broker.port()).send("zigbee2mqtt/d", R"({"contact":false,"battery":9})", true);
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    at.catch_up();
    CHECK(at.run.host.values_of(kDoor).empty());
    CHECK(at.run.host.values_of("device.battery{device=d}").empty());
    REQUIRE(at.note("d") != nullptr);
    CHECK_FALSE(at.is_up("d"));
    Publisher(at.broker.port()).send("zigbee2mqtt/d", R"({"contact":false})", true);
    REQUIRE(at.has(kDoor, 1));
    CHECK(at.is_up("d"));
}

TEST_CASE("trap: last_seen decides", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    Publisher(at.broker.port()).send("zigbee2mqtt/d", seen_ago(60), true);
    Publisher(at.broker.port()).send("zigbee2mqtt/dead", seen_ago(6'000), true);
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    at.catch_up();
    CHECK(at.run.host.values_of(kDoor) == std::vector<double>{1});
    CHECK(at.run.host.values_of("store.door.open{device=dead,door=dead}").empty());
    CHECK(at.is_up("d"));
    REQUIRE(at.note("dead") != nullptr);
    CHECK_FALSE(at.is_up("dead"));
    // It is a reading of then.
    const auto lines = at.run.host.reading_lines();
    CHECK(std::count(lines.begin(), lines.end(), kDoor + " state ? 1 @1699999940000") == 1);
}

TEST_CASE("mqtt_local: retained messages as the setting says", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    SECTION("take") {
        Publisher(at.broker.port()).send("zigbee2mqtt/d", R"({"contact":true})", true);
        REQUIRE(at.start(kZigbee, "retained = \"take\"\n"));
        REQUIRE(at.has(kDoor, 1));
    }
    SECTION("ignore") {
        Publisher(at.broker.port()).send("zigbee2mqtt/d", seen_ago(1), true);
        REQUIRE(at.start(kZigbee, "retained = \"ignore\"\n"));
        REQUIRE(at.settled());
        at.catch_up();
        CHECK(at.run.host.values_of(kDoor).empty());
        CHECK(at.note("d") != nullptr);
    }
}

TEST_CASE("mqtt_local: a list of the bridge brings nobody up", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    Publisher(at.broker.port())
        .send(
            "zigbee2mqtt/bridge/devices",
            R"([{"friendly_name":"d","definition":{"model":"M1"},"software_build_id":"7"}])",
            true
        );
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    at.catch_up();
    REQUIRE(at.note("d") != nullptr);
    CHECK(at.note("d")->model == "M1");
    CHECK_FALSE(at.is_up("d"));
    Publisher(at.broker.port()).send("zigbee2mqtt/d", R"({"contact":true})");
    REQUIRE(at.has(kDoor, 1));
    CHECK(at.is_up("d"));
    CHECK(at.note("d")->firmware == "7");
}

TEST_CASE("mqtt_local: availability, and a bridge that goes", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    Publisher bridge(at.broker.port());
    bridge.send("zigbee2mqtt/d", R"({"contact":true})");
    bridge.send("zigbee2mqtt/e", R"({"contact":true})");
    bridge.send("zigbee2mqtt/d/availability", R"({"state":"offline"})");
    at.catch_up();
    CHECK_FALSE(at.is_up("d"));
    CHECK(at.is_up("e"));
    const std::string up = "device.up{device=d}";
    bridge.send("zigbee2mqtt/d/availability", "offline");
    at.catch_up();
    // It did not come up in between.
    CHECK(at.run.host.values_of(up) == std::vector<double>{1, 0});
    bridge.send("zigbee2mqtt/bridge/state", "offline", true);
    bridge.send("zigbee2mqtt/bridge/state", "offline", true);
    REQUIRE(at.run.host.run_until([&] { return !at.is_up("e"); }));
    CHECK(at.events("device.bridge_offline") == 1);
    CHECK(at.note("zigbee2mqtt") == nullptr);
    bridge.send("zigbee2mqtt/bridge/state", R"({"state":"online"})", true);
    bridge.send("zigbee2mqtt/e/availability", "online");
    REQUIRE(at.run.host.run_until([&] { return at.is_up("e"); }));
    CHECK(at.events("device.bridge_offline") == 2);
}

TEST_CASE(
    "trap: \"online\" that the broker kept from before the bridge went", "[plugins][mqtt_local]"
) {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    Publisher bridge(at.broker.port());
    bridge.send("zigbee2mqtt/d/availability", "online", true);
    bridge.send("zigbee2mqtt/bridge/state", "offline", true);
    bridge.send("zigbee2mqtt/z", seen_ago(1), true);
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    at.run.poll();
    REQUIRE(at.run.host.run_until([&] { return at.note("d") && at.note("z"); }));
    at.run.poll();
    CHECK_FALSE(at.is_up("d"));
    CHECK_FALSE(at.is_up("z"));
}

TEST_CASE("mqtt_local: garbage is said once and the rest goes on", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    Publisher device(at.broker.port());
    for (int i = 0; i < 5; ++i) {
        device.send("zigbee2mqtt/d", "secret \x01\xff{{");
    }
    device.send("zigbee2mqtt/d", R"({"contact":"secret","co2":5})");
    device.send("zigbee2mqtt/0x00158d0001dc1234", "[]");
    at.catch_up();
    CHECK(at.run.host.values_of("device.bad_elements{source=test}").size() == 7);
    CHECK(at.events("device.bad_message") == 2);
    CHECK(at.events("device.bad_element") == 1);
    for (const Event& event : at.run.host.events) {
        CHECK(event.text.find("secret") == std::string::npos);
        CHECK(event.text.find("00158d0001dc1234") == std::string::npos);
    }
}

TEST_CASE("mqtt_local: a message that is too long", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    Publisher device(at.broker.port());
    const std::string filler(65'600, ' ');
    device.send("zigbee2mqtt/d", R"({"contact":true})" + filler);
    device.send("zigbee2mqtt/d", R"({"contact":false})" + filler.substr(200));
    REQUIRE(at.has(kDoor, 1));
    CHECK(at.run.host.values_of(kDoor) == std::vector<double>{1});
    CHECK(at.run.host.logged("zigbee2mqtt/d: is longer than max_message_kib"));
}

TEST_CASE("mqtt_local: a flood does not starve the loop", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    MosquittoOptions options;
    options.extra = "max_queued_messages 0\nmax_inflight_messages 0\n";
    AtBroker at(options);
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    Publisher device(at.broker.port());
    for (int i = 0; i < 2'000; ++i) {
        device.send("zigbee2mqtt/d", R"({"contact":true})");
    }
    // Somebody else who wants each turn of the loop gets it.
    const auto& readings = at.run.host.readings;
    std::size_t most = 0;
    std::size_t before = readings.size();
    const std::function<void()> turn = [&] {
        most = std::max(most, readings.size() - before);
        before = readings.size();
        if (before < 2'000) {
            at.run.host.loop().post(turn);
        }
    };
    turn();
    REQUIRE(at.run.host.run_until([&] { return before >= 2'000; }));
    CHECK(most <= 1'000);
    CHECK(at.run.host.values_of(kDoor).size() == 2'000);
}

TEST_CASE("mqtt_local: user and password", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    MosquittoOptions options;
    options.users = {{"shop", "right"}};
    AtBroker at(options);
    const std::string file = at.run.dir.file("password");
    const std::string more = "user = \"shop\"\npassword_file = \"${dir}/password\"\n";
    SECTION("wrong, and then corrected in the file") {
        std::ofstream(file) << "wrong\n";
        REQUIRE(at.start(kZigbee, more));
        REQUIRE(at.in_trouble("refuses user and password"));
        std::ofstream(file) << "right\n";
        REQUIRE(at.settled());
    }
    SECTION("no file") {
        const Status status = at.start(kZigbee, more);
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::unavailable);
        CHECK(status.error().message.find("password_file") != std::string::npos);
    }
}

TEST_CASE("mqtt_local: TLS", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available() && TestCa::available(), "mosquitto, openssl")) {
        return;
    }
    const TestCa ca;
    const TestCa stranger;
    const CertificateFiles files = ca.issue("broker", "IP:127.0.0.1");
    MosquittoOptions options;
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    AtBroker at(options);
    const auto settings = [&](const std::string& ca_file) {
        return fmt::format(
            "plugin = \"mqtt_local\"\nbroker = \"mqtts://127.0.0.1:{}\"\nca_file = \"{}\"\n{}",
            at.broker.port(),
            ca_file,
            kZigbee
        );
    };
    SECTION("of the right authority") {
        REQUIRE(at.run.start(settings(ca.certificate())));
        REQUIRE(at.settled());
        Publisher device(PublisherOptions{at.broker.port(), {}, {}, ca.certificate()});
        device.send("zigbee2mqtt/d", R"({"contact":true})");
        REQUIRE(at.has(kDoor, 1));
    }
    SECTION("of another one") {
        REQUIRE(at.run.start(settings(stranger.certificate())));
        REQUIRE(at.in_trouble("TLS: certificate verify failed"));
    }
    SECTION("no such file") {
        const Status status = at.run.start(settings(at.run.dir.file("none")));
        REQUIRE_FALSE(status);
        CHECK(status.error().code == ErrorCode::invalid_argument);
    }
}

TEST_CASE("mqtt_local: any JSON in ten lines", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.run.start(broker_line(at.broker.port()) + R"([[source.topic]]
topic = "climate/+/+"
device_from_topic = "climate/+room/+device"
[[source.topic.value]]
at = "/air/t"
metric = "store.env.temperature"
)"));
    REQUIRE(at.settled());
    Publisher device(at.broker.port());
    device.send("climate/cellar/probe", R"({"air":{"t":12.5}})");
    device.send("climate/attic/probe", R"({"air":{"t":30}})");
    REQUIRE(at.has("store.env.temperature{device=probe,room=attic}", 1));
    CHECK(
        at.run.host.values_of("store.env.temperature{device=probe,room=cellar}") ==
        std::vector<double>{12.5}
    );
    CHECK(at.is_up("probe"));
}

TEST_CASE("trap: overlapping topics do not count twice", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.run.start(broker_line(at.broker.port()) + R"([[source.topic]]
topic = "shop/door"
device = "counter"
[[source.topic.value]]
at = "/n"
metric = "store.footfall.in"
kind = "delta"
[[source.topic]]
topic = "shop/#"
format = "zigbee2mqtt"
)"));
    REQUIRE(at.settled());
    Publisher device(at.broker.port());
    for (int i = 0; i < 3; ++i) {
        device.send("shop/door", R"({"n":1})");
    }
    device.send("shop/marker", R"({"co2":1})");
    REQUIRE(at.has("store.env.co2{device=marker,room=marker}", 1));
    CHECK(at.run.host.values_of("store.footfall.in{device=counter}").size() == 3);
}

TEST_CASE("mqtt_local: a message of two subscriptions is said", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.run.start(
        broker_line(at.broker.port()) +
        "[[source.topic]]\ntopic = \"tele/#\"\nformat = \"tasmota\"\n"
        "[[source.topic]]\ntopic = \"+/events/rpc\"\nformat = \"shelly\"\n"
    ));
    REQUIRE(at.settled());
    Publisher(at.broker.port()).send("tele/events/rpc", "{}");
    REQUIRE(at.run.host.run_until([&] { return at.run.host.logged("several topics"); }));
}

TEST_CASE("mqtt_local: an alarm of several messages is one", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    REQUIRE(at.settled());
    Publisher device(at.broker.port());
    for (const char* const wet : {"true", "true", "true", "false", "false"}) {
        device.send("zigbee2mqtt/leak", fmt::format(R"({{"water_leak":{}}})", wet));
    }
    at.catch_up();
    CHECK(at.events("device.water_leak") == 2);
}

TEST_CASE("mqtt_local: stops and starts again", "[plugins][mqtt_local]") {
    if (is_missing(MosquittoServer::available(), "mosquitto")) {
        return;
    }
    AtBroker at;
    REQUIRE(at.start(kZigbee));
    at.run.source.stop();  // while it connects
    at.run.poll();
    REQUIRE(at.run.source.start(at.run.host));
    REQUIRE(at.settled());
    at.catch_up();
    at.run.source.stop();
    Publisher(at.broker.port()).send("zigbee2mqtt/d", R"({"contact":true})");
    at.run.poll();
    CHECK(at.run.host.values_of(kDoor).empty());
}

}  // namespace cxedge::test
