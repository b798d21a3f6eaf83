// SPDX-License-Identifier: Apache-2.0
// Bad input of every kind: a clear message, no crash, and the rest goes on.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

constexpr const char* kBoxSource = R"(
[[source]]
plugin = "box"
interval_s = 1
)";

std::string clip() {
    for (const char* path : {"/usr/share/doc/opencv-doc/examples/data/vtest.avi"}) {
        if (std::filesystem::exists(path)) {
            return path;
        }
    }
    return {};
}

std::string camera_source(const std::string& file) {
    return "[[source]]\nplugin = \"camera\"\nsource = \"file:" + file +
           "\"\nloop = true\n[[source.line]]\nname = \"main\"\ndoor = \"main\"\npoints = [0.62, "
           "0.2, 0.62, 1.0]\n";
}

pid_t camera_pid(const Json& status) {
    for (const Json& source : status["sources"]) {
        if (source["plugin"] == "camera" && source["state"] == "running") {
            return source["pid"].get<pid_t>();
        }
    }
    return 0;
}

std::vector<std::int64_t> times_of(const Inbox& inbox, const std::string& metric) {
    std::vector<std::int64_t> times;
    for (const Json& object : inbox.seen()) {
        if (object.value("metric", "") == metric) {
            times.push_back(object["time_ms"].get<std::int64_t>());
        }
    }
    std::sort(times.begin(), times.end());
    return times;
}

std::int64_t longest_step_ms(const std::vector<std::int64_t>& times) {
    std::int64_t longest = 0;
    for (std::size_t i = 1; i < times.size(); ++i) {
        longest = std::max(longest, times[i] - times[i - 1]);
    }
    return longest;
}

}  // namespace

TEST_CASE("robustness: a killed camera process is back within 3 s, others go on", "[e2e]") {
    if (!MosquittoServer::available() || clip().empty()) {
        std::cout << "skipped: needs mosquitto and opencv-doc's vtest.avi\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(
        broker.port(),
        "[[rule]]\nmatch = \"box.uptime\"\nkeep = \"raw\"\n" + camera_source(clip()) + kBoxSource
    );
    box.start();
    pid_t first = 0;
    REQUIRE(box.status_where([&](const Json& now) { return (first = camera_pid(now)) != 0; }));
    ::kill(first, SIGKILL);
    const auto killed = std::chrono::steady_clock::now();
    const auto event = inbox.next_event("plugin.crashed");
    REQUIRE(event);
    CHECK((*event)["text"].get<std::string>().find("signal 9") != std::string::npos);
    REQUIRE(box.status_where([&](const Json& now) {
        return camera_pid(now) != 0 && camera_pid(now) != first;
    }));
    CHECK(
        std::chrono::steady_clock::now() - killed < std::chrono::seconds(4)
    );  // 3 s, and 1 s of status age
    const std::size_t before = times_of(inbox, "box.uptime").size();
    REQUIRE(inbox.next_where([&](const Json&) {
        return times_of(inbox, "box.uptime").size() >= before + 3;
    }));
    // Read once a second: a reading that was left out would be a step of two.
    CHECK(longest_step_ms(times_of(inbox, "box.uptime")) < 1900);
    CHECK(box.stop() == 0);
}

TEST_CASE("robustness: a truncated clip is a problem of the camera, not of the agent", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    const TempDir dir;
    std::ofstream(dir.file("broken.avi")) << "RIFF....AVI LIST";
    Box box(broker.port(), camera_source(dir.file("broken.avi")) + kBoxSource);
    box.start();
    const auto event = inbox.next_event("source.degraded");
    REQUIRE(event);
    CHECK((*event)["text"].get<std::string>().find("broken.avi") != std::string::npos);
    CHECK(inbox.next_where([](const Json& object) {
        return object.value("metric", "") == "box.uptime";
    }));
    CHECK(box.stop() == 0);
}

TEST_CASE("robustness: an unusable state directory does not stop collecting", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(broker.port(), kBoxSource);
    std::ofstream(box.file("not-a-directory")) << "x";
    box.set_state_dir(box.file("not-a-directory") + "/state");
    box.start();
    CHECK(inbox.next_event("storage.degraded"));
    CHECK(inbox.next_where([](const Json& object) {
        return object.value("metric", "") == "box.uptime";
    }));
    CHECK(box.stop() == 0);
}

TEST_CASE("robustness: ten mistakes in a configuration are ten messages and status 78", "[e2e]") {
    const TempDir dir;
    std::ofstream(dir.file("site.toml")) << R"([node]
tenat = "acme"
site = 42
[uplink]
broker = "http://x"
window = 0
key_file = "/k"
[agent]
log_level = "loud"
[[rule]]
match = ""
keep = "rwa"
window_s = 7
[[source]]
plugin = "statsdd"
[[source]]
plugin = "box"
[[source]]
plugin = "box"
)";
    const Finished done =
        run({CXEDGED, "check", "--config", dir.file("site.toml"), "--profiles", PROFILES});
    CHECK(done.status == 78);
    INFO(done.output);
    CHECK(std::count(done.output.begin(), done.output.end(), '\n') >= 10);
    CHECK(
        done.output.find("site.toml:2:1: node.tenat: unknown setting; did you mean \"tenant\"?") !=
        std::string::npos
    );
    const Finished started = run(
        {CXEDGED,
         "--config",
         dir.file("site.toml"),
         "--profiles",
         PROFILES,
         "--state-dir",
         dir.file("s")}
    );
    CHECK(started.status == 78);
}

TEST_CASE("robustness: a wrong setting of one source leaves the others running", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    MosquittoServer broker;
    Inbox inbox(broker.port());
    Box box(
        broker.port(), std::string("[[source]]\nplugin = \"statsd\"\nlisten = 8125\n") + kBoxSource
    );
    box.start();
    CHECK(inbox.next_event("plugin.failed"));
    CHECK(inbox.next_where([](const Json& object) {
        return object.value("metric", "") == "box.uptime";
    }));
    CHECK(box.stop() == 0);
}
