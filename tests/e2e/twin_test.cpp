// SPDX-License-Identifier: Apache-2.0
// Operations configure a box that works: a good configuration stays, every bad one comes back
// (twin_matters_test.cpp has those that cut it off, twin_kill_test.cpp what kill -9 does).
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/core.h>

#include "tests/e2e/box.hpp"
#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

// A box that follows one key, its broker and what came of it.
class Followed {
public:
    Followed() {
        const Finished made = run({CXCTL, "keygen", "--out", dir_.file("ops.pem")});
        REQUIRE(made.status == 0);
        const std::size_t at = made.output.find("ed25519:");
        REQUIRE(at != std::string::npos);
        box_ = std::make_unique<Box>(
            broker_.port(),
            "[remote]\nkeys = [\"" + made.output.substr(at, 72) + "\"]\n" + std::string(kKpi)
        );
        inbox_ = std::make_unique<Inbox>(broker_.port());
        REQUIRE(box_->start_collecting());
        REQUIRE(box_->status_where([](const Json& now) { return now["connection"] == "online"; }));
    }

    [[nodiscard]] Box& box() { return *box_; }
    [[nodiscard]] Inbox& inbox() { return *inbox_; }

    [[nodiscard]] std::vector<std::string> push_words(const std::string& config, int trial_s)
        const {
        std::ofstream(dir_.file("change.toml")) << config;
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
            "60",
            "--json"};
    }
    [[nodiscard]] Finished push(const std::string& config, int trial_s = 4) const {
        return run(push_words(config, trial_s), std::chrono::seconds(90));
    }

    // Feeds the till, all of it accepted.
    void feed(int count) {
        std::vector<std::string> lines;
        for (int i = 0; i < count; ++i) {
            lines.push_back("till.raw " + std::to_string(fed_++));
        }
        const auto answers = send_kpi(box_->file("kpi.sock"), lines);
        CHECK(std::count(answers.begin(), answers.end(), "ok") == count);
    }
    // Everything that was accepted arrives, once.
    void check_nothing_lost() {
        const auto all = [this] {
            return inbox_->values("till.raw").size() >= static_cast<std::size_t>(fed_);
        };
        CHECK(inbox_->next_where([&](const Json&) { return all(); }));
        CHECK(inbox_->values("till.raw").size() == static_cast<std::size_t>(fed_));
    }
    [[nodiscard]] bool kpi_runs() const {
        return box_->status_where([](const Json& now) {
            return now["sources"].is_array() && !now["sources"].empty() &&
                   now["sources"][0].value("state", "") == "running";
        });
    }

private:
    TempDir dir_;
    MosquittoServer broker_;
    std::unique_ptr<Box> box_;
    std::unique_ptr<Inbox> inbox_;
    int fed_ = 0;
};

void check_rolled_back(Followed& followed, const std::string& config, const std::string& why) {
    followed.feed(20);
    const Finished pushed = followed.push(config);
    INFO(pushed.output);
    CHECK(pushed.status == 1);
    CHECK(pushed.output.find("\"outcome\":\"rolled back\"") != std::string::npos);
    CHECK(pushed.output.find(why) != std::string::npos);
    CHECK(followed.kpi_runs());
    followed.feed(20);
    followed.check_nothing_lost();
}

}  // namespace

TEST_CASE("twin: a good configuration lands, is confirmed and survives kill -9", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    Followed followed;
    followed.feed(20);
    const Finished pushed =
        followed.push("[[source]]\nplugin = \"box\"\ninterval_s = 1\n[spool]\nmax_mib = 64\n", 2);
    INFO(pushed.output);
    REQUIRE(pushed.status == 0);
    const auto has_box = [](const Json& now) {
        return now["sources"].is_array() && now["sources"].size() == 2 &&
               now.value("spool_max_bytes", 0) == 64 << 20;
    };
    CHECK(followed.box().status_where(has_box));
    CHECK(followed.kpi_runs());
    followed.feed(20);
    followed.box().kill();
    REQUIRE(followed.box().start_collecting());
    CHECK(followed.box().status_where(has_box));
    followed.feed(20);
    followed.check_nothing_lost();
    const Finished audit =
        run({CXCTL, "audit", "--file", followed.box().file("state") + "/audit.log"});
    CHECK(audit.status == 0);
    CHECK(audit.output.find(": confirmed") != std::string::npos);
    CHECK(
        run({CXCTL, "audit", "--verify", "--file", followed.box().file("state") + "/audit.log"})
            .status == 0
    );
    CHECK(followed.box().stop() == 0);
}

TEST_CASE("twin: a camera that cannot work comes back by itself", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    Followed followed;
    check_rolled_back(
        followed,
        "[[source]]\nplugin = \"camera\"\nsource = \"file:/dev/null\"\n"
        "[[source.line]]\nname = \"a\"\ndoor = \"a\"\npoints = [0.1, 0.1, 0.9, 0.9]\n",
        "source camera"
    );
}

TEST_CASE("twin: a camera that crashes in its trial comes back by itself", "[e2e]") {
    const std::string clip = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
    if (!MosquittoServer::available() || !std::filesystem::exists(clip)) {
        std::cout << "skipped: needs mosquitto and opencv-doc's vtest.avi\n";
        return;
    }
    Followed followed;
    followed.feed(20);
    Process push(followed.push_words(
        "[[source]]\nplugin = \"camera\"\nsource = \"file:" + clip +
            "\"\nloop = true\n[[source.line]]\nname = \"a\"\ndoor = \"a\"\n"
            "points = [0.62, 0.2, 0.62, 1.0]\n",
        12
    ));
    pid_t camera = 0;
    REQUIRE(followed.box().status_where([&](const Json& now) {
        for (const Json& source : now["sources"]) {
            camera = source["plugin"] == "camera" && source["state"] == "running"
                         ? source["pid"].get<pid_t>()
                         : camera;
        }
        return camera != 0;
    }));
    ::kill(camera, SIGSEGV);
    const auto outcome = push.line_with("\"outcome\":\"rolled back\"", kPatience);
    REQUIRE(outcome);
    CHECK(outcome->find("source camera") != std::string::npos);
    CHECK(push.wait(kPatience) == 1);
    CHECK(followed.kpi_runs());
    followed.feed(20);
    followed.check_nothing_lost();
}

TEST_CASE("twin: what does not fit is rejected with its place, nothing is touched", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: needs mosquitto\n";
        return;
    }
    Followed followed;
    const auto check_rejected = [&](const std::string& config, const std::string& why) {
        const pid_t pid = followed.box().agent().pid();
        const Json before = followed.box().status();
        const Finished pushed = followed.push(config);
        INFO(pushed.output);
        CHECK(pushed.status == 1);
        CHECK(pushed.output.find("\"outcome\":\"rejected\"") != std::string::npos);
        CHECK(pushed.output.find(why) != std::string::npos);
        CHECK(followed.box().status()["uptime_s"] >= before["uptime_s"]);
        CHECK(followed.box().agent().pid() == pid);
    };
    check_rejected("[spool]\nmax_mib = 0.000001\n", "remote:2:11: spool.max_mib");
    check_rejected("[spool]\nmax_mib = \n", "remote:2:");
    check_rejected("[node]\nid = \"other\"\n", "only this box's own file may say it");
    check_rejected("[[source]]\nplugin = \"statsd\"\nlisten = \"nonsense\"\n", "remote:3:10");
    followed.feed(20);
    followed.check_nothing_lost();
}
