// SPDX-License-Identifier: Apache-2.0
// Devices of a store through the whole agent, to the platform: real processes, a real broker,
// kills.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

constexpr const char* kRawCounts = R"(
[[rule]]
match = "store.*"
keep = "raw"
)";

// The `[[source]]` of README.md's section about a new device, on any port.
std::string readme_source() {
    std::ifstream file(std::string(REPOSITORY) + "/README.md");
    std::ostringstream text;
    text << file.rdbuf();
    const std::string readme = text.str();
    const std::size_t section = readme.find("### A new device in ten lines");
    REQUIRE(section != std::string::npos);
    const std::size_t begin = readme.find("```toml\n", section) + 8;
    std::string source = readme.substr(begin, readme.find("```", begin) - begin);
    const std::size_t port = source.find(":8480");
    REQUIRE(port != std::string::npos);
    return source.replace(port, 5, ":0");
}

// Where http_push listens: its source says so.
int push_port(Box& box) {
    const auto line = box.agent().line_with("listening on", kPatience);
    REQUIRE(line);
    return std::stoi(line->substr(line->find("port ") + 5));
}

int push(int port, const std::string& body) {
    const Finished curl = run(
        {"curl",
         "--silent",
         "--output",
         "/dev/null",
         "--write-out",
         "%{http_code}",
         "--header",
         "Content-Type: application/json",
         "--data-binary",
         body,
         fmt::format("http://127.0.0.1:{}/", port)}
    );
    return std::atoi(curl.output.c_str());
}

double total(const Inbox& inbox, const std::string& metric) {
    const std::vector<double> values = inbox.values(metric);
    return std::accumulate(values.begin(), values.end(), 0.0);
}

// The event came already, or comes.
bool hears(Inbox& inbox, const std::string& event) {
    const auto& seen = inbox.seen();
    return std::any_of(
               seen.begin(),
               seen.end(),
               [&](const Json& object) { return object.value("event", "") == event; }
           ) ||
           inbox.next_event(event).has_value();
}

bool can_run() {
    const bool can = MosquittoServer::available() && std::filesystem::exists("/usr/bin/curl");
    if (!can) {
        std::cout << "skipped: needs mosquitto and curl\n";
    }
    return can;
}

std::string now_minus(std::chrono::minutes minutes) {
    const auto time = std::chrono::system_clock::now() - minutes;
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()
    );
}

}  // namespace

TEST_CASE("devices: README's ten lines take a new device to the platform", "[e2e]") {
    if (!can_run()) {
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kRawCounts + readme_source());
    box.start();
    const int port = push_port(box);
    const std::string body = R"({"sensor": "door 1", "at": ")" +
                             now_minus(std::chrono::minutes(1)) +
                             R"(", "people": {"in": 12, "out": 9}, "visitorName": "somebody"})";
    REQUIRE(push(port, body) == 200);
    REQUIRE(push(port, body) == 200);  // its answer was lost, say
    CHECK(push(port, "{ no json") == 400);
    const auto sample = inbox.next_where([](const Json& object) {
        return object.value("metric", "") == "store.footfall.in";
    });
    REQUIRE(sample);
    CHECK((*sample)["value"] == 12);
    CHECK((*sample)["dims"]["device"] == "door 1");
    CHECK(hears(inbox, "device.bad_message"));
    REQUIRE(box.status_where([](const Json& now) { return !now["devices"].empty(); }));
    const Finished devices =
        run({CXCTL, "devices", "--socket", box.file("control.sock"), "--json"});
    CHECK_THAT(devices.output, Catch::Contains("\"device\":\"door 1\""));
    CHECK(box.stop() == 0);
    CHECK(total(inbox, "store.footfall.in") == 12);
    for (const Json& object : inbox.seen()) {
        CHECK(object.dump().find("somebody") == std::string::npos);
    }
}

TEST_CASE("devices: a push repeated over a kill of the agent counts once", "[e2e]") {
    if (!can_run()) {
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    std::string source = readme_source();
    const std::string length = "length_s = 900";
    source.replace(source.find(length), length.size(), "from_at = \"/from\"");
    Box box(broker.port(), kRawCounts + source);
    const auto body = [](int minute) {
        return fmt::format(
            R"({{"sensor": "door 1", "from": {}, "at": {}, "people": {{"in": 1}}}})",
            now_minus(std::chrono::minutes(100 - minute)),
            now_minus(std::chrono::minutes(99 - minute))
        );
    };
    constexpr int kMinutes = 9;
    std::vector<std::string> bodies;
    for (int minute = 0; minute < kMinutes; ++minute) {
        bodies.push_back(body(minute));
    }
    for (int life = 0; life < 3; ++life) {
        box.start();
        const int port = push_port(box);
        for (int minute = 0; minute < 3 * (life + 1); ++minute) {
            REQUIRE(push(port, bodies[static_cast<std::size_t>(minute)]) == 200);
        }
        box.kill();
    }
    box.start();
    REQUIRE(box.flush());
    const Json summary =
        inbox.finish_when([&] { return inbox.values("store.footfall.in").size() >= kMinutes; });
    CHECK(total(inbox, "store.footfall.in") == kMinutes);
    CHECK(box.stop() == 0);
}

TEST_CASE("devices: every plugin's sample passes cxedged check", "[e2e]") {
    const Finished list = run({CXCTL, "plugins"});
    REQUIRE(list.status == 0);
    std::istringstream lines(list.output);
    int plugins = 0;
    for (std::string line; std::getline(lines, line); ++plugins) {
        const std::string name = line.substr(0, line.find(' '));
        TempDir dir;
        const Finished sample = run({CXCTL, "plugins", name});
        REQUIRE(sample.status == 0);
        std::ofstream(dir.file("site.toml"))
            << "profile = \"store-gateway\"\n[node]\ntenant = \"t\"\nsite = \"s\"\n"
               "[uplink]\nbroker = \"mqtt://127.0.0.1\"\n"
            << sample.output;
        const Finished check =
            run({CXEDGED, "check", "--config", dir.file("site.toml"), "--profiles", PROFILES});
        INFO(name << ": " << check.output);
        CHECK(check.status == 0);
    }
    CHECK(plugins >= 17);
}

TEST_CASE("devices: CalIt2 through a file comes out to the person", "[e2e]") {
    const std::string calit2 = std::string(REPOSITORY) + "/../shared/data/calit2/calit2.csv";
    if (!MosquittoServer::available() || !std::filesystem::exists(calit2)) {
        std::cout << "skipped: needs mosquitto and ../shared/data/calit2\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), std::string(kRawCounts) + R"(
[[source]]
plugin = "file_tail"
paths = ["{dir}/calit2.csv"]
from_start = true
format = "csv"
clock = "device"
time_at = "local_time"
time_is = "start"
length_s = 1800
device = "door"
[[source.value]]
at = "in"
metric = "store.footfall.in"
kind = "delta"
[[source.value]]
at = "out"
metric = "store.footfall.out"
kind = "delta"
)");
    std::filesystem::copy_file(calit2, box.file("calit2.csv"));
    box.start();
    // Added up as they come: to add up all of them at every one takes minutes.
    std::map<std::string, double> sums;
    inbox.next_where([&](const Json& object) {
        if (object.contains("value") && object["value"].is_number()) {
            sums[object.value("metric", "")] += object["value"].get<double>();
        }
        return sums["store.footfall.in"] >= 19'625 && sums["store.footfall.out"] >= 18'806;
    });
    inbox.finish_when([] { return true; });
    CHECK(total(inbox, "store.footfall.in") == 19'625);
    CHECK(total(inbox, "store.footfall.out") == 18'806);
    const auto gaps =
        std::count_if(inbox.seen().begin(), inbox.seen().end(), [](const Json& object) {
            return object.value("event", "") == "series.gap";
        });
    CHECK(gaps == 2);
    CHECK(box.stop() == 0);
}
