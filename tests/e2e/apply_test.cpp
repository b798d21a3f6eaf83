// SPDX-License-Identifier: Apache-2.0
// Only what changed restarts: what else a live box does goes on without a hole.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <numeric>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/e2e/datagram_stream.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

// Inside the agent: "till" and "apps". In a process of its own: "door", whose film is missing, so
// that it waits and needs no processor.
constexpr const char* kSources = R"(
[[source]]
plugin = "kpi_socket"
name = "till"
socket = "{dir}/till.sock"
[[source]]
plugin = "statsd"
name = "apps"
listen = ""
socket = "{dir}/apps.sock"
[[source]]
plugin = "camera"
name = "door"
source = "file:{dir}/none.avi"
[[source.line]]
name = "a"
door = "a"
points = [0.1, 0.1, 0.9, 0.9]
[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
[[rule]]
match = "apps.*"
unit = "1"
)";

Json source_of(const Json& status, const std::string& name) {
    for (const Json& source : status.value("sources", Json::array())) {
        if (source.value("name", "") == name) {
            return source;
        }
    }
    return Json::object();
}

class Operated {
public:
    Operated() {
        const Finished made = run({CXCTL, "keygen", "--out", dir_.file("ops.pem")});
        const std::size_t at = made.output.find("ed25519:");
        REQUIRE(made.status == 0);
        REQUIRE(at != std::string::npos);
        box_ = std::make_unique<Box>(
            broker_.port(),
            "[remote]\nkeys = [\"" + made.output.substr(at, 72) + "\"]\n" + std::string(kSources)
        );
        inbox_ = std::make_unique<Inbox>(broker_.port());
        REQUIRE(box_->start_collecting());
        REQUIRE(box_->status_where([](const Json& now) {
            return now["connection"] == "online" && source_of(now, "door").value("pid", 0) > 0 &&
                   !source_of(now, "door").value("problem", "").empty();
        }));
        before_ = box_->status();
        stream_ = std::make_unique<DatagramStream>(
            box_->file("apps.sock"), "apps.calls:1|c", std::chrono::milliseconds(5)
        );
    }

    [[nodiscard]] Box& box() { return *box_; }
    [[nodiscard]] Inbox& inbox() { return *inbox_; }
    // As before the stream began.
    [[nodiscard]] const Json& before() const { return before_; }

    [[nodiscard]] std::vector<std::string> push_words(const std::string& config, int trial_s)
        const {
        std::ofstream(dir_.file("change.toml")) << config;
        const bool stays = trial_s < 60;
        return {
            CXCTL,
            "push",
            dir_.file("change.toml"),
            "--sign-key",
            dir_.file("ops.pem"),
            "--tenant",
            "t",
            "--site",
            "s",
            "--node",
            "n",
            "--broker",
            fmt::format("mqtt://127.0.0.1:{}", broker_.port()),
            "--trial-s",
            std::to_string(trial_s),
            "--wait-s",
            stays ? "60" : "1",
            "--json"};
    }
    void push(const std::string& config, const std::string& outcome) const {
        const Finished pushed = run(push_words(config, 3), std::chrono::seconds(90));
        INFO(pushed.output);
        CHECK(pushed.status == (outcome == "confirmed" ? 0 : 1));
        CHECK(pushed.output.find("\"outcome\":\"" + outcome + "\"") != std::string::npos);
    }

    // The process of the agent and that of the camera are those of before.
    void check_same_processes() const {
        const Json now = box_->status();
        CHECK(now["uptime_s"].get<double>() > before_["uptime_s"].get<double>());
        CHECK(source_of(now, "door")["pid"] == source_of(before_, "door")["pid"]);
        CHECK(source_of(now, "door")["restarts"] == 0);
    }
    // Every line that was counted arrives, in windows that follow each other, of one process.
    void check_stream_whole() {
        const std::uint64_t sent = stream_->finish();
        CHECK_FALSE(stream_->broken());
        CHECK(sent > 0);
        const auto calls = [this] {
            const std::vector<double> all = inbox_->values("apps.calls");
            return std::accumulate(all.begin(), all.end(), 0.0);
        };
        const auto complete = [&] {
            return calls() >= static_cast<double>(sent);
        };
        CHECK((complete() || inbox_->next_where([&](const Json&) { return complete(); })));
        CHECK(calls() == static_cast<double>(sent));
        std::vector<std::int64_t> windows;
        int starts = 0;
        for (const Json& object : inbox_->seen()) {
            if (object.value("metric", "") == "apps.calls") {
                windows.push_back(object["time_ms"].get<std::int64_t>());
            }
            starts += object.value("event", "") == "agent.started" ? 1 : 0;
        }
        CHECK(starts == 1);
        std::sort(windows.begin(), windows.end());
        // Seconds in which this machine had no time for the software are not the agent's holes.
        const std::int64_t idle = stream_->longest_pause().count() / 1000 * 1000;
        for (std::size_t i = 1; i < windows.size(); ++i) {
            CHECK(windows[i] - windows[i - 1] >= 1000);
            CHECK(windows[i] - windows[i - 1] <= 1000 + idle);
        }
    }
    [[nodiscard]] bool till_answers(const std::string& socket) const {
        try {
            return send_kpi(box_->file(socket), {"till.sales 1"}) == std::vector<std::string>{"ok"};
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    [[nodiscard]] std::string moved_till() const {
        return "[[source]]\nname = \"till\"\nplugin = \"kpi_socket\"\nsocket = \"" +
               box_->file("moved.sock") + "\"\n";
    }

private:
    TempDir dir_;
    MosquittoServer broker_;
    std::unique_ptr<Box> box_;
    std::unique_ptr<Inbox> inbox_;
    Json before_;
    std::unique_ptr<DatagramStream> stream_;
};

bool cannot_operate_here() {
    if (MosquittoServer::available()) {
        return false;
    }
    std::cout << "skipped: needs mosquitto\n";
    return true;
}

}  // namespace

TEST_CASE("apply: a change of one source touches no other, nor does its way back", "[e2e]") {
    if (cannot_operate_here()) {
        return;
    }
    Operated fleet;
    CHECK(fleet.till_answers("till.sock"));
    fleet.push(fleet.moved_till(), "confirmed");
    CHECK(fleet.till_answers("moved.sock"));
    CHECK_FALSE(fleet.till_answers("till.sock"));
    fleet.check_same_processes();
    // It was proven on a connection of its own.
    CHECK(fleet.box().status()["connects"] > fleet.before()["connects"]);

    // Trial and way back are of the same kind.
    fleet.push(
        "[[source]]\nname = \"till\"\nplugin = \"kpi_socket\"\nsocket = \"/nonexistent/a/sock\"\n",
        "rolled back"
    );
    CHECK(fleet.till_answers("moved.sock"));
    fleet.check_same_processes();

    // Added, then removed again with what was pushed before.
    fleet.push("[[source]]\nplugin = \"box\"\ninterval_s = 1\n", "confirmed");
    const Json now = fleet.box().status();
    CHECK(now["sources"].size() == 4);
    CHECK(source_of(now, "box")["state"] == "running");
    fleet.push("", "confirmed");
    CHECK(fleet.box().status()["sources"].size() == 3);
    CHECK(fleet.till_answers("till.sock"));
    fleet.check_same_processes();
    fleet.check_stream_whole();
    CHECK(fleet.box().stop() == 0);
}

TEST_CASE("apply: another uplink leaves every source alone, as does its way back", "[e2e]") {
    if (cannot_operate_here()) {
        return;
    }
    Operated fleet;
    fleet.push("[uplink]\nusername = \"till\"\nkeepalive_s = 20\n", "confirmed");
    fleet.check_same_processes();
    fleet.push("[uplink]\nbroker = \"mqtt://127.0.0.1:1\"\n", "rolled back");
    fleet.check_same_processes();
    CHECK(fleet.box().status_where([](const Json& now) { return now["connection"] == "online"; }));
    // Both kinds at once.
    fleet.push("[uplink]\nkeepalive_s = 25\n" + fleet.moved_till(), "confirmed");
    CHECK(fleet.till_answers("moved.sock"));
    fleet.check_same_processes();
    const Json now = fleet.box().status();
    fleet.check_stream_whole();
    // What was counted on connections of before still counts.
    CHECK(fleet.box().flush());
    CHECK(fleet.box().status_where([](const Json& status) {
        return status["samples_delivered"] == status["samples_produced"];
    }));
    CHECK(now["samples_delivered"] > 0);
}

TEST_CASE("apply: killed while one source ends, the next process goes on with it", "[e2e]") {
    if (cannot_operate_here()) {
        return;
    }
    Operated fleet;
    const auto door = source_of(fleet.before(), "door")["pid"].get<pid_t>();
    // It will not end before the agent's patience does.
    REQUIRE(::kill(door, SIGSTOP) == 0);
    Process push(fleet.push_words("[[source]]\nname = \"door\"\nfps = 7\n", 3));
    REQUIRE(fleet.box().status_where([](const Json& now) {
        return source_of(now, "door").value("state", "") == "stopping";
    }));
    fleet.box().kill();
    REQUIRE(fleet.box().start_collecting());
    CHECK(push.line_with("\"outcome\":\"confirmed\"", kPatience));
    CHECK(push.wait(kPatience) == 0);
    CHECK(fleet.till_answers("till.sock"));
}

TEST_CASE("apply: killed in its trial, a change in place is given up like any other", "[e2e]") {
    if (cannot_operate_here()) {
        return;
    }
    Operated fleet;
    CHECK(run(fleet.push_words(fleet.moved_till(), 3600)).status != 0);  // nobody waits so long
    const auto answers = [&](const std::string& socket) {
        return fleet.box().status_where([&](const Json& now) {
            return source_of(now, "till").value("state", "") == "running" &&
                   fleet.till_answers(socket);
        });
    };
    REQUIRE(answers("moved.sock"));
    fleet.check_same_processes();
    fleet.box().kill();
    REQUIRE(fleet.box().start_collecting());
    CHECK(answers("moved.sock"));
    fleet.box().kill();
    REQUIRE(fleet.box().start_collecting());
    CHECK(answers("till.sock"));
    CHECK(fleet.box().stop() == 0);
}
