// SPDX-License-Identifier: Apache-2.0
// The test that matters: operations sign what cuts a live box off, or breaks it. It comes back by
// itself within the trial and 30 s, says why, and nothing that was promised is lost or twice.
#include <filesystem>
#include <iostream>

#include "tests/e2e/followed_box.hpp"
#include "tests/e2e/wall_clock.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

constexpr std::chrono::seconds kShortTrial{3};
constexpr std::chrono::seconds kMostBeyondTrial{30};

std::string all_reasons(const wire::Reported& report) {
    std::string all;
    for (const std::string& reason : report.last_attempt.reasons) {
        all += reason + "\n";
    }
    return all;
}

struct BadChange {
    std::string config;
    std::string why;  // in its reasons
};

// Offered; back within its time, and it says why.
void check_comes_back(FollowedBox& followed, const BadChange& bad) {
    const wire::Desired desired = followed.document(bad.config, kShortTrial);
    const auto begun = std::chrono::steady_clock::now();
    followed.offer(desired);
    const auto report = followed.landed(desired);
    const auto took = std::chrono::steady_clock::now() - begun;
    REQUIRE(report);
    INFO(all_reasons(*report));
    CHECK(took < kShortTrial + kMostBeyondTrial);
    CHECK(report->last_attempt.outcome == wire::TwinOutcome::rolled_back);
    CHECK(all_reasons(*report).find(bad.why) != std::string::npos);
    CHECK(report->running.generation == 0);
    CHECK(followed.takes_more());
}

// In the events that reached the platform, too.
void check_told(FollowedBox& followed, const std::string& name, const std::string& why) {
    const auto event = followed.platform().event(name, why);
    REQUIRE(event);
    INFO(event->dump());
    CHECK(event->value("text", "").find("generation") != std::string::npos);
}

// Rejected at once: the box does not even begin anew.
void check_not_touched(FollowedBox& followed, const BadChange& bad) {
    const Json before = followed.box().status();
    const wire::Desired desired = followed.document(bad.config, kShortTrial);
    followed.offer(desired);
    const auto report = followed.landed(desired);
    REQUIRE(report);
    INFO(bad.config << all_reasons(*report));
    CHECK(report->last_attempt.outcome == wire::TwinOutcome::rejected);
    CHECK(all_reasons(*report).find(bad.why) != std::string::npos);
    CHECK(followed.box().status()["uptime_s"] >= before["uptime_s"]);
}

}  // namespace

TEST_CASE("matters: a wrong broker comes back by itself", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    check_comes_back(
        followed, {"[uplink]\nbroker = \"mqtt://127.0.0.1:1\"\n", "nothing was acknowledged"}
    );
    check_told(followed, "config.rolled_back", "nothing was acknowledged");
    followed.check_equation();
}

TEST_CASE("matters: a wrong CA comes back by itself", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedOptions options;
    options.tls = true;
    FollowedBox followed(options);
    const TestCa stranger;
    check_comes_back(
        followed,
        {"[uplink]\nca_file = \"" + stranger.certificate() + "\"\n", "nothing was acknowledged"}
    );
    check_told(followed, "config.rolled_back", "nothing was acknowledged");
    followed.check_equation();
}

// No setting of the real camera is known to crash it; twin_test.cpp kills that one from outside.
// Here the camera's program is one whose setting aborts it.
TEST_CASE("matters: a setting that crashes the camera process comes back by itself", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    const TempDir plugins;
    std::filesystem::create_symlink(MISBEHAVING_PLUGIN, plugins.file("cxedge-camera"));
    FollowedOptions options;
    options.plugin_dir = plugins.path().string();
    options.site = "[[source]]\nplugin = \"camera\"\nname = \"entrance\"\ndo = \"idle\"\n";
    FollowedBox followed(options);
    check_comes_back(
        followed,
        {"[[source]]\nplugin = \"camera\"\nname = \"back-door\"\ndo = \"abort\"\n",
         "source back-door"}
    );
    check_told(followed, "config.rolled_back", "source back-door");
    CHECK(followed.platform().event("plugin.crashed", ""));
    followed.check_equation();
}

TEST_CASE("matters: a quota of a byte, and times that are none, touch nothing", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    for (const BadChange& bad : std::initializer_list<BadChange>{
             {"[spool]\nmax_mib = 0.00000095367431640625\n", "remote:2:11: spool.max_mib"},
             {"[spool]\nmax_mib = 0\n", "remote:2:11: spool.max_mib"},
             {"[pipeline]\nwindow_s = 7\n", "remote:2:12: pipeline.window_s"},
             {"[uplink]\nclock_wait_h = -1\n", "remote:2:16: uplink.clock_wait_h"},
             {"[[occupancy]]\nname = \"shop\"\nreset_at = \"25:00\"\n", "remote:3:12: occupancy"},
             {"[node]\nid = \"other\"\n", "only this box's own file may say it"}}) {
        check_not_touched(followed, bad);
    }
    check_told(followed, "config.rejected", "spool.max_mib");
    CHECK(followed.takes_more());
    followed.check_equation();
}

TEST_CASE("matters: a queue that shrinks deletes nothing before it is confirmed", "[e2e]") {
    if (cannot_follow_here()) {
        return;
    }
    FollowedBox followed;
    const std::uint64_t before = followed.box().status().value("spool_max_bytes", 0ULL);
    const auto has_room_for = [&](std::uint64_t bytes) {
        return followed.box().status_where([&](const Json& now) {
            return now.value("spool_max_bytes", 0ULL) == bytes;
        });
    };
    const wire::Desired desired = followed.document("[spool]\nmax_mib = 16\n", kShortTrial);
    followed.offer(desired);
    REQUIRE(followed.box().status_where([&](const Json&) {
        return followed.on_disk().phase == remote::TwinPhase::trial;
    }));
    CHECK(has_room_for(before));
    const auto report = followed.landed(desired);
    REQUIRE(report);
    CHECK(report->last_attempt.outcome == wire::TwinOutcome::confirmed);
    CHECK(has_room_for(16U << 20U));
    followed.check_equation();
}

// No setting sets the box's clock. What those of time do shows when the clock is wrong as well: it
// falls back to the seventies, data waits for a clock that can be right, and that is no proof.
TEST_CASE("matters: a clock that jumps with new settings of time: the trial ends", "[e2e]") {
    if (cannot_follow_here() || faketime_library().empty()) {
        std::cout << "skipped: needs faketime\n";
        return;
    }
    constexpr std::int64_t kToTheSeventies = -1'700'000'000;
    const WallClock clock(0);
    FollowedOptions options;
    options.starter = clock.starter();
    FollowedBox followed(options);
    clock.set(kToTheSeventies);
    check_comes_back(
        followed,
        {"[pipeline]\nwindow_s = 60\n[uplink]\nclock_wait_h = 24\nlive_age_s = 1\n",
         "nothing was acknowledged"}
    );
    clock.set(0);
    check_told(followed, "config.rolled_back", "nothing was acknowledged");
    followed.check_equation();
}

}  // namespace cxedge::test
