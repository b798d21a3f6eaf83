// SPDX-License-Identifier: Apache-2.0
// Tests of the network through the whole agent: real processes, a real broker, orders from afar.
#include <fstream>
#include <iostream>

#include <fmt/core.h>
#include <unistd.h>

#include "agent/remote/signing.hpp"

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge;
using namespace cxedge::test;

namespace {

// Raw figures: a window would hold them back.
constexpr const char* kPings = R"(
[[source]]
plugin = "probe_icmp"
name = "ping"
targets = ["self=127.0.0.1", "${site}=127.0.0.2"]
interval_s = 1
count = 3
spacing_s = 0.05
wait_s = 0.3
timeout_s = 0.8
[[rule]]
match = "probe.*"
keep = "raw"
[[rule]]
match = "net.*"
keep = "raw"
)";

bool cannot_probe_here() {
    const bool can = MosquittoServer::available() && ::geteuid() == 0;
    if (!can) {
        std::cout << "skipped: needs mosquitto and root\n";
    }
    return !can;
}

// A box that pings itself, and an operator who may ask it things.
struct PingedBox {
    TempDir keys;
    remote::SigningKey key = remote::SigningKey::generate().value();
    MosquittoServer broker;
    Inbox inbox{broker.port()};
    Box box{
        broker.port(),
        std::string(kPings) + "[remote]\nkeys = [\"" + key.public_key().text() + "\"]\n"};

    PingedBox() {
        std::ofstream(keys.file("ops.key")) << key.pem().value();
        box.start();
    }

    // The next result of target `self` is `wanted`.
    bool hears(double wanted) {
        return inbox
            .next_where([&](const Json& object) {
                return object.value("metric", "") == "probe.result" &&
                       object["dims"].value("target", "") == "self" && object["value"] == wanted;
            })
            .has_value();
    }
    Json cmd(std::vector<std::string> words) const {
        words.insert(words.begin(), {CXCTL, "cmd", "t/s/n"});
        words.insert(
            words.end(),
            {"--sign-key",
             keys.file("ops.key"),
             "--broker",
             fmt::format("mqtt://127.0.0.1:{}", broker.port()),
             "--json"}
        );
        const Finished done = run(words, std::chrono::seconds(60));
        INFO(done.output);
        const std::size_t begin = done.output.find("{\"");
        REQUIRE(begin != std::string::npos);
        return Json::parse(done.output.substr(begin));
    }
};

constexpr double kOk = 0;
constexpr double kSuppressed = 10;

TEST_CASE("probes: a stop order ends and refuses runs by hand", "[e2e]") {
    const TempDir shared;
    const auto probe = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {CXCTL, "probe"});
        words.insert(words.end(), {"--shared-dir", shared.path().string()});
        return words;
    };
    Process long_one(
        probe({"run", "icmp", "127.0.0.1", "--count", "100", "--timeout-s", "60", "--json"})
    );
    REQUIRE(run(probe({"stop"})).status == 0);
    const Json ended = Json::parse(long_one.rest(std::chrono::seconds(20)));
    CHECK(ended["result"] == "suppressed");
    const Finished refused = run(probe({"run", "icmp", "127.0.0.1", "--json"}));
    CHECK(refused.status == 1);
    CHECK(Json::parse(refused.output)["result"] == "suppressed");
    CHECK(run(probe({"start"})).status == 0);
    CHECK(run(probe({"run", "icmp", "127.0.0.1", "--count", "1"})).status == 0);
}

}  // namespace

TEST_CASE("probes: ping through the agent, stopped and started from afar", "[e2e]") {
    if (cannot_probe_here()) {
        return;
    }
    PingedBox pinged;
    REQUIRE(pinged.hears(kOk));
    const auto rtt = pinged.inbox.next_where([](const Json& object) {
        return object.value("metric", "") == "net.icmp.rtt" &&
               object["dims"].value("target", "") == "s";
    });
    REQUIRE(rtt);
    CHECK(pinged.cmd({"probe_stop", "ttl_s=3600"})["state"] == "succeeded");
    REQUIRE(pinged.hears(kSuppressed));
    // The order outlives the process.
    pinged.box.kill();
    pinged.box.start();
    REQUIRE(pinged.hears(kSuppressed));
    CHECK(pinged.cmd({"probe_start"})["state"] == "succeeded");
    REQUIRE(pinged.hears(kOk));

    const Json asked = pinged.cmd({"run_probe", "probe=icmp", "target=127.0.0.1", "count=4"});
    CHECK(asked["state"] == "succeeded");
    const Json found = Json::parse(asked["detail"].get<std::string>());
    CHECK(found["result"] == "ok");
    CHECK(found["type"] == "icmp");
    const Json refused = pinged.cmd({"run_probe", "probe=tcp", "target=127.0.0.1:1"});
    CHECK(refused["state"] == "succeeded");
    CHECK(Json::parse(refused["detail"].get<std::string>())["result"] == "refused");
    for (const char* place : {"ca_file=/etc/shadow", "shared_dir=/tmp", "chronyc=/bin/true"}) {
        const Json refused_place = pinged.cmd({"run_probe", "probe=clock", "target=local", place});
        CHECK(refused_place["state"] == "failed");
    }
    CHECK(pinged.box.stop() == 0);
}

TEST_CASE("probes: cxctl probe runs each once, without an agent", "[e2e]") {
    if (::geteuid() != 0) {
        std::cout << "skipped: needs root\n";
        return;
    }
    const Finished list = run({CXCTL, "probe", "list"});
    CHECK(list.status == 0);
    for (const char* type :
         {"cell",
          "clock",
          "dns",
          "http",
          "icmp",
          "path",
          "stamp",
          "tcp",
          "throughput",
          "tls",
          "video",
          "voice",
          "web",
          "wifi"}) {
        INFO(list.output);
        CHECK(("\n" + list.output).find(std::string("\n") + type + " ") != std::string::npos);
        const Finished options = run({CXCTL, "probe", "list", type});
        CHECK(options.status == 0);
        CHECK_THAT(options.output, Catch::Contains("--interval_s"));
    }
    const Finished once = run({CXCTL, "probe", "run", "icmp", "127.0.0.1", "--count", "3"});
    INFO(once.output);
    CHECK(once.status == 0);
    CHECK_THAT(once.output, Catch::StartsWith("icmp 127.0.0.1: ok"));
    const Finished json = run({CXCTL, "probe", "run", "--json", "tcp", "127.0.0.1:1"});
    CHECK(json.status == 1);
    CHECK(Json::parse(json.output)["result"] == "refused");
    CHECK(run({CXCTL, "probe", "run", "icpm", "127.0.0.1"}).status == 2);
    CHECK(run({CXCTL, "probe", "run", "icmp", "127.0.0.1", "--cuont", "3"}).status == 2);
}
