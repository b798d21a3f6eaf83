// SPDX-License-Identifier: Apache-2.0
// The history of a real box: asked by cxctl, over kill -9 and restarts, and sent once more.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

constexpr const char* kRemembering = R"(
[history]
enabled = true
[[source]]
plugin = "kpi_socket"
socket = "{dir}/kpi.sock"
[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
)";

std::vector<Json> ask(const Box& box, std::vector<std::string> more) {
    std::vector<std::string> words{
        CXCTL, "query", "--socket", box.file("control.sock"), "--format", "jsonl"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished done = run(words);
    INFO(done.output);
    REQUIRE(done.status == 0);
    std::vector<Json> rows;
    std::istringstream lines(done.output);
    for (std::string line; std::getline(lines, line);) {
        rows.push_back(Json::parse(line));
    }
    return rows;
}

std::vector<double> sums(const std::vector<Json>& rows) {
    std::vector<double> found;
    for (const Json& row : rows) {
        found.push_back(row["sum"].get<double>());
    }
    return found;
}

void send(const Box& box, int first, int count) {
    std::vector<std::string> lines;
    for (int i = 0; i < count; ++i) {
        lines.push_back("till.total,till=1 " + std::to_string(first + i));
    }
    for (const std::string& answer : send_kpi(box.file("kpi.sock"), lines)) {
        REQUIRE(answer == "ok");
    }
}

}  // namespace

TEST_CASE("history: a box without a broker answers, also after kill -9 and a restart", "[e2e]") {
    Box box("broker = \"mqtt://127.0.0.1:9\"", kRemembering);
    std::vector<double> sent;
    for (int round = 0; round < 3; ++round) {
        REQUIRE(box.start_collecting());
        send(box, round * 10, 10);
        for (int i = 0; i < 10; ++i) {
            sent.push_back(round * 10 + i);
        }
        CHECK(sums(ask(box, {"--series", "till.total"})) == sent);
        round == 1 ? static_cast<void>(box.stop()) : box.kill();
    }
    REQUIRE(box.start_collecting());
    CHECK(sums(ask(box, {"--series", "till.total{till=1}"})) == sent);
    CHECK(sums(ask(box, {"--series", "till.*", "--step", "1d"})) == std::vector<double>{435});
    const auto events = ask(box, {"--events", "--series", "agent.started"});
    CHECK(events.size() == 4);
    CHECK(box.stop() == 0);
}

TEST_CASE("history: cxctl query says what is wrong with a question", "[e2e]") {
    Box box("broker = \"mqtt://127.0.0.1:9\"", kRemembering);
    REQUIRE(box.start_collecting());
    const auto told = [&](std::vector<std::string> more) {
        std::vector<std::string> words{CXCTL, "query", "--socket", box.file("control.sock")};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    };
    const Finished unknown = told({"--series", "no.such"});
    CHECK(unknown.status == 1);
    CHECK(unknown.output.find("no series \"no.such\"") != std::string::npos);
    const Finished when = told({"--from", "noon"});
    CHECK(when.status == 2);
    CHECK(when.output.find("--from: \"noon\" is no time") != std::string::npos);
    send(box, 0, 3);
    const Finished csv = told({"--series", "till.total", "--format", "csv"});
    CHECK(csv.status == 0);
    CHECK(std::count(csv.output.begin(), csv.output.end(), '\n') == 4);
    const Finished table = told({"--series", "till.total"});
    CHECK(table.output.find("till.total{till=1}") != std::string::npos);
    CHECK(box.stop() == 0);
}

TEST_CASE("history: a range is sent once more, marked, at its own times", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: mosquitto is not installed\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kRemembering);
    REQUIRE(box.start_collecting());
    send(box, 1, 5);
    REQUIRE(box.flush());
    std::vector<std::int64_t> live;
    REQUIRE(inbox.next_where([&](const Json& object) {
        const bool till = object.value("metric", "") == "till.total";
        CHECK_FALSE(object.contains("replay"));
        if (till) {
            live.push_back(object["time_ms"]);
        }
        return live.size() == 5;
    }));
    const Finished replay =
        run({CXCTL, "replay", "--socket", box.file("control.sock"), "--series", "till.*"});
    INFO(replay.output);
    CHECK(replay.status == 0);
    CHECK(replay.output.find(": 5 samples") != std::string::npos);
    std::vector<std::int64_t> again;
    REQUIRE(inbox.next_where([&](const Json& object) {
        if (object.contains("replay")) {
            CHECK(object["metric"] == "till.total");
            CHECK(object["topic"].get<std::string>().find("/up/back/bulk") != std::string::npos);
            CHECK(object["lane"] == 2);
            CHECK(object["value"] == static_cast<double>(again.size() + 1));
            again.push_back(object["time_ms"]);
        }
        return again.size() == 5;
    }));
    CHECK(again == live);
    // What was sent again counts as produced, and arrives.
    REQUIRE(box.flush());
    const std::uint64_t produced = box.stop_and_count();
    const Json summary = inbox.finish_when([&] { return inbox.samples() >= produced; });
    CHECK(summary["samples"] == produced);
}

TEST_CASE("history: a damaged history.db keeps nobody from starting or delivering", "[e2e]") {
    Box box("broker = \"mqtt://127.0.0.1:9\"", kRemembering);
    REQUIRE(box.start_collecting());
    send(box, 0, 3);
    CHECK(box.stop() == 0);
    { std::ofstream(box.file("state") + "/history.db", std::ios::binary) << "not a database"; }
    REQUIRE(box.start_collecting());
    send(box, 10, 2);
    CHECK(sums(ask(box, {"--series", "till.total"})) == std::vector<double>{10, 11});
    CHECK(box.status()["samples_produced"] >= 2);
    bool told = false;
    REQUIRE(box.status_where([&](const Json&) {
        told = !ask(box, {"--events", "--series", "storage.repaired"}).empty();
        return told;
    }));
    CHECK(box.stop() == 0);
}
