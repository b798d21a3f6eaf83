// SPDX-License-Identifier: Apache-2.0
// What was acknowledged arrives, once: through kills at random, and through a disk that is full to
// the last block. ./dev bench campaign --kills 500 runs the long one.
#include "tests/e2e/campaign.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

#include "tests/support/catch.hpp"

using namespace cxedge::test;

namespace {

constexpr unsigned kDiskMib = 64;

// A small file system of its own; empty path: not allowed here.
class SmallDisk {
public:
    SmallDisk() {
        const std::string size = "size=" + std::to_string(kDiskMib) + "m";
        if (::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, size.c_str()) == 0) {
            path_ = dir_.path().string();
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (!path_.empty()) {
            ::umount2(path_.c_str(), MNT_DETACH);
        }
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    // To the last block.
    void fill() const {
        const cxedge::UniqueFd fd(
            ::open((path_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
        );
        const std::array<char, 4096> block{};
        while (::write(fd.get(), block.data(), block.size()) > 0) {
        }
    }
    void clear() const { ::unlink((path_ + "/filler").c_str()); }

private:
    TempDir dir_;
    std::string path_;
};

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
    const Platform platform(broker.port(), dir.file("out.jsonl"));
    Box box(broker.port(), kFedSource);
    box.set_state_dir(disk.path() + "/state");
    box.start();
    REQUIRE(box.status_where([](const Json& now) { return now["connection"] == "online"; }));

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
    CHECK(box.flush());

    const Fate fate = fate_of(feeder, platform);
    INFO(to_string(fate));
    CHECK(fate.acknowledged > 4000);
    CHECK(fate.lost == 0);
    CHECK(fate.duplicated == 0);
}
