// SPDX-License-Identifier: Apache-2.0
// delivered == produced, through what happens to brokers and boxes.
#include <algorithm>
#include <csignal>
#include <iostream>
#include <numeric>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

#define SKIP_WITHOUT_BROKER()                                     \
    do {                                                          \
        if (!MosquittoServer::available()) {                      \
            std::cout << "skipped: mosquitto is not installed\n"; \
            return;                                               \
        }                                                         \
    } while (false)

constexpr const char* kEveryKind = R"(
[[source]]
plugin = "synthetic"
seed = 1
[[source.series]]
metric = "store.queue.length"
kind = "gauge"
unit = "{person}"
rate_hz = 20
dims = { queue = "1" }
[[source.series]]
metric = "store.queue.wait"
kind = "histogram"
unit = "s"
rate_hz = 20
dims = { queue = "1" }
[[source.series]]
metric = "store.queue.served"
kind = "counter"
unit = "{person}"
rate_hz = 5
dims = { queue = "1" }
[[source.series]]
metric = "store.door.open"
kind = "state"
unit = "1"
rate_hz = 5
dims = { door = "main" }
states = ["closed", "open"]
[[rule]]
match = "store.queue.length"
keep = "raw"
)";

constexpr const char* kPowerKpi = R"(
[[source]]
plugin = "kpi_socket"
socket = "{dir}/kpi.sock"
durable = "power"
[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
)";

}  // namespace

TEST_CASE("delivery: every kind of series arrives decoded, delivered == produced", "[e2e]") {
    SKIP_WITHOUT_BROKER();
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kEveryKind);
    box.start();
    const auto sample = inbox.next_where([](const Json& object) {
        return object.value("kind", "") == "histogram";
    });
    REQUIRE(sample);
    for (const char* key : {"topic",    "tenant",  "site",   "node", "epoch", "lane",   "seq",
                            "backfill", "time_ms", "metric", "unit", "dims",  "count",  "sum",
                            "min",      "max",     "p50",    "p95",  "p99",   "buckets"}) {
        INFO("key " << key);
        CHECK(sample->contains(key));
    }
    for (const char* kind : {"gauge", "delta", "state"}) {
        INFO("kind " << kind);
        CHECK(inbox.next_where([&](const Json& object) { return object.value("kind", "") == kind; })
        );
    }
    const std::uint64_t produced = box.stop_and_count();
    const Json summary = inbox.finish_when([&] { return inbox.samples() >= produced; });
    CHECK(summary["samples"] == produced);
    CHECK(summary["duplicate_batches"] == 0);
}

TEST_CASE("delivery: a box's state at the broker says the version of its program", "[e2e]") {
    SKIP_WITHOUT_BROKER();
    MosquittoServer broker;
    Process tail({CXCTL, "tail", "--broker", fmt::format("mqtt://127.0.0.1:{}", broker.port())});
    Box box(broker.port(), kEveryKind);
    box.start();
    const auto state = tail.line_with("ONLINE, ", kPatience);
    REQUIRE(state);
    const std::string version = run({CXEDGED, "--version"}).output;
    REQUIRE(version.rfind("cxedged ", 0) == 0);
    const std::string number = version.substr(8, version.find('\n') - 8);
    INFO(*state);
    CHECK(state->find("cxedge " + number + ",") != std::string::npos);
    CHECK(box.stop() == 0);
}

TEST_CASE("delivery: a broker outage loses nothing and counts nothing twice", "[e2e]") {
    SKIP_WITHOUT_BROKER();
    MosquittoOptions options;
    options.persistence = true;
    MosquittoServer broker(options);
    Inbox inbox(broker.port());
    Box box(broker.port(), kEveryKind);
    box.start();
    REQUIRE(inbox.next_where([](const Json& object) { return object.contains("metric"); }));

    broker.stop();
    REQUIRE(box.status_where([](const Json& now) { return now["connection"] != "online"; }));
    const std::uint64_t before = box.status()["samples_produced"];
    REQUIRE(box.status_where([&](const Json& now) { return now["samples_produced"] > before + 60; })
    );
    broker.start();

    REQUIRE(box.flush());
    const std::uint64_t produced = box.stop_and_count();
    const Json summary = inbox.finish_when([&] { return inbox.samples() >= produced; });
    CHECK(summary["samples"] == produced);
}

TEST_CASE("delivery: what kpi_socket acknowledged survives kill -9, once", "[e2e]") {
    SKIP_WITHOUT_BROKER();
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kPowerKpi);
    constexpr int kRounds = 5;
    constexpr int kLines = 50;
    std::vector<double> sent;
    for (int round = 0; round < kRounds; ++round) {
        box.start();
        std::vector<std::string> lines;
        for (int i = 0; i < kLines; ++i) {
            sent.push_back(round * kLines + i);
            lines.push_back("till.total,till=1 " + std::to_string(round * kLines + i));
        }
        REQUIRE(box.status_where([](const Json& now) {
            return !now["sources"].empty() && now["sources"][0]["state"] == "running";
        }));
        for (const std::string& answer : send_kpi(box.file("kpi.sock"), lines)) {
            CHECK(answer == "ok");
        }
        box.kill();
    }
    box.start();
    REQUIRE(box.flush());
    REQUIRE(box.stop() == 0);
    const Json summary =
        inbox.finish_when([&] { return inbox.values("till.total").size() >= sent.size(); });
    INFO(summary.dump());
    std::vector<double> received = inbox.values("till.total");
    std::sort(received.begin(), received.end());
    CHECK(received == sent);
}

TEST_CASE("delivery: SIGTERM sends what is open before it leaves", "[e2e]") {
    SKIP_WITHOUT_BROKER();
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kPowerKpi);
    box.start();
    REQUIRE(box.status_where([](const Json& now) { return now["connection"] == "online"; }));
    for (const std::string& answer :
         send_kpi(box.file("kpi.sock"), {"till.total 1", "till.total 2"})) {
        CHECK(answer == "ok");
    }
    REQUIRE(box.stop() == 0);
    inbox.finish_when([&] { return inbox.values("till.total").size() >= 2; });
    CHECK(inbox.values("till.total") == std::vector<double>{1, 2});
}
