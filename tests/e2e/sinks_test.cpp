// SPDX-License-Identifier: Apache-2.0
// Two platforms, and two agents that must not share one spool.
#include <algorithm>
#include <iostream>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

constexpr const char* kInputs = R"(
[[rule]]
match = "*.raw"
unit = "1"
keep = "raw"
[[source]]
plugin = "kpi_socket"
socket = "{dir}/kpi.sock"
)";

std::vector<std::string> lines(const std::string& metric, int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(metric + " " + std::to_string(i));
    }
    return out;
}

std::string sink(const std::string& name, std::uint16_t port) {
    return fmt::format(
        "[[sink]]\nname = \"{}\"\nbroker = \"mqtt://127.0.0.1:{}\"\nmetrics = [\"till.*\"]\n",
        name,
        port
    );
}

}  // namespace

TEST_CASE("sinks: each platform gets its own, whatever happens to the other", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    MosquittoServer main;
    MosquittoServer group;
    Inbox at_main(main.port());
    Box box(main.port(), sink("group", group.port()) + kInputs);
    group.stop();
    REQUIRE(box.start_collecting());
    const auto tills = send_kpi(box.file("kpi.sock"), lines("till.raw", 40));
    const auto doors = send_kpi(box.file("kpi.sock"), lines("door.raw", 40));
    CHECK(std::count(tills.begin(), tills.end(), "ok") == 40);
    CHECK(std::count(doors.begin(), doors.end(), "ok") == 40);
    // The main platform has all although the other one is away.
    CHECK(at_main.next_where([&](const Json&) {
        return at_main.values("till.raw").size() == 40 && at_main.values("door.raw").size() == 40;
    }));
    box.kill();
    group.start();
    Inbox at_group(group.port());
    box.start();
    CHECK(at_group.next_where([&](const Json&) { return at_group.values("till.raw").size() == 40; })
    );
    CHECK(box.stop() == 0);
    CHECK(at_group.values("door.raw").empty());
    CHECK(at_main.values("till.raw").size() == 40);
}

TEST_CASE("sinks: several that do not acknowledge share one patience at the end", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    const MosquittoServer main;
    const MosquittoServer first;
    const MosquittoServer second;
    Box box(main.port(), sink("first", first.port()) + sink("second", second.port()) + kInputs);
    REQUIRE(box.start_collecting());
    REQUIRE(box.status_where([](const Json& now) { return now["connection"] == "online"; }));
    // Their threads connect as this one does; each has a batch in flight when its broker stops.
    REQUIRE(box.flush());
    first.pause();
    second.pause();
    const auto answers = send_kpi(box.file("kpi.sock"), lines("till.raw", 20));
    CHECK(std::count(answers.begin(), answers.end(), "ok") == 20);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(box.stop() == 0);
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took >= std::chrono::seconds(4));  // somebody was waited for
    CHECK(took < std::chrono::seconds(9));   // 5 s and goodbyes, not twice 5 s
    first.resume();
    second.resume();
}

TEST_CASE("sinks: a second agent on the same state directory is refused", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kInputs);
    REQUIRE(box.start_collecting());
    Process second(box.command());
    CHECK(second.line_with("already used by another cxedged", kPatience));
    CHECK(second.wait(kPatience) != 0);
    const auto answers = send_kpi(box.file("kpi.sock"), lines("till.raw", 20));
    CHECK(std::count(answers.begin(), answers.end(), "ok") == 20);
    CHECK(inbox.next_where([&](const Json&) { return inbox.values("till.raw").size() == 20; }));
    CHECK(box.stop() == 0);
}
