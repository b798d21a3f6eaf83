// SPDX-License-Identifier: Apache-2.0
// What was acknowledged arrives, once: through kills at random, and through a disk that is full to
// the last block. ./dev bench campaign --kills 500 runs the long one.
#include "tests/e2e/campaign.hpp"

#include <iostream>
#include <random>

#include <poll.h>

#include "tests/support/catch.hpp"
#include "tests/support/small_disk.hpp"

using namespace cxedge::test;

namespace {

// Waits until so many more samples were offered and answered one way or the other.
void let_flow(const KpiFeeder& feeder, std::size_t samples) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    const auto answered = [&] {
        return feeder.acknowledged() + feeder.refusals();
    };
    const std::size_t enough = answered() + samples;
    while (answered() < enough && std::chrono::steady_clock::now() < deadline) {
        ::poll(nullptr, 0, 1);
    }
    REQUIRE(answered() >= enough);
}

}  // namespace

TEST_CASE("campaign: kill -9 of node, broker and platform loses nothing", "[e2e]") {
    if (!MosquittoServer::available()) {
        std::cout << "skipped: mosquitto is not installed\n";
        return;
    }
    CampaignPlan plan;
    plan.seed = std::random_device{}();
    INFO("seed " << plan.seed << ": ./dev bench campaign --kills 20 --seed " << plan.seed);
    Campaign campaign(plan);
    const Fate fate = campaign.run();
    INFO(to_string(fate));
    CHECK(fate.agent_kills == plan.kills);
    CHECK(fate.acknowledged > plan.kills);
    CHECK(fate.lost == 0);
    CHECK(fate.duplicated == 0);
}

TEST_CASE("campaign: a full disk and kill -9 on top of it lose nothing", "[e2e]") {
    const SmallDisk disk;
    if (!MosquittoServer::available() || disk.path().empty()) {
        std::cout << "skipped: needs mosquitto and the right to mount a tmpfs\n";
        return;
    }
    const TempDir dir;
    MosquittoServer broker;
    const Platform platform({broker.port(), ""}, dir.file("out.jsonl"));
    Box box(broker.port(), kFedSource);
    box.set_state_dir(disk.path() + "/state");
    box.start();
    REQUIRE(box.waits_for_platform());

    KpiFeed feed;
    feed.socket = box.file("kpi.sock");
    feed.samples = 1'000'000;
    feed.rate = 2000;
    feed.repeat_unanswered = false;
    KpiFeeder feeder(feed);
    let_flow(feeder, 2000);
    broker.stop();
    let_flow(feeder, 2000);
    disk.fill();
    KpiFeed fresh = feed;
    fresh.series = "bench.new";
    KpiFeeder newcomer(fresh);
    let_flow(newcomer, 500);
    newcomer.end();
    let_flow(feeder, 4000);
    box.kill();
    box.start();
    let_flow(feeder, 4000);
    box.kill();
    disk.fill();
    box.start();
    let_flow(feeder, 2000);
    disk.clear();
    broker.start();
    let_flow(feeder, 2000);
    feeder.end();
    CHECK(feeder.finish(kPatience));
    CHECK(newcomer.finish(kPatience));
    CHECK(box.flush());

    const Fate fate = fate_of(feeder, platform);
    INFO(to_string(fate));
    CHECK(fate.acknowledged > 4000);
    CHECK(fate.lost == 0);
    CHECK(fate.duplicated == 0);
    const Fate fresh_fate = fate_of(newcomer, platform);
    INFO("series first seen on the full disk: " << to_string(fresh_fate));
    CHECK(fresh_fate.acknowledged > 0);
    CHECK(fresh_fate.lost == 0);
    CHECK(fresh_fate.duplicated == 0);
}

TEST_CASE("campaign: a full runtime directory and kill -9 on top of it lose nothing", "[e2e]") {
    const SmallDisk runtime;
    if (!MosquittoServer::available() || runtime.path().empty()) {
        std::cout << "skipped: needs mosquitto and the right to mount a tmpfs\n";
        return;
    }
    const bool full_at_start = GENERATE(false, true);
    CAPTURE(full_at_start);
    const TempDir dir;
    const MosquittoServer broker;
    const Platform platform({broker.port(), ""}, dir.file("out.jsonl"));
    Box box(broker.port(), kFedSource);
    box.set_runtime_dir(runtime.path());
    if (full_at_start) {
        runtime.fill();
    }
    box.start();
    REQUIRE(box.waits_for_platform());
    KpiFeed feed;
    feed.socket = box.file("kpi.sock");
    feed.samples = 1'000'000;
    feed.rate = 8000;
    feed.repeat_unanswered = false;
    KpiFeeder feeder(feed);
    let_flow(feeder, 2000);
    CHECK(box.status().value("memory_problem", "").empty() == !full_at_start);
    runtime.fill();
    let_flow(feeder, 30'000);  // more than the journal's first file holds
    box.kill();
    box.start();
    let_flow(feeder, 2000);
    runtime.clear();
    CHECK(box.status_where([](const Json& now) {
        return now.value("memory_problem", "?").empty() &&
               now.value("storage_mode", "") == "normal";
    }));
    const std::size_t acknowledged = feeder.acknowledged();
    let_flow(feeder, 2000);
    CHECK(feeder.acknowledged() > acknowledged);
    box.kill();
    box.start();
    let_flow(feeder, 2000);
    feeder.end();
    CHECK(feeder.finish(kPatience));
    CHECK(box.flush());

    const Fate fate = fate_of(feeder, platform);
    INFO(to_string(fate));
    CHECK(fate.acknowledged > 4000);
    CHECK(fate.lost == 0);
    CHECK(fate.duplicated == 0);
}
