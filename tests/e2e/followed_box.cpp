// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/followed_box.hpp"

#include <iostream>
#include <stdexcept>

#include <fmt/core.h>

#include "agent/remote/twin_file.hpp"
#include "agent/wire/topics.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

constexpr double kApplicationRate = 100;
constexpr std::size_t kMostApplied = 100'000;
// What the issue grants a box beyond the trial.
constexpr std::chrono::seconds kWayBack{30};

}  // namespace

bool cannot_follow_here() {
    if (MosquittoServer::available() && TestCa::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto or openssl is not installed\n";
    return true;
}

FollowedBox::FollowedBox(const FollowedOptions& options) {
    MosquittoOptions mosquitto;
    BrokerAddress at;
    std::string uplink;
    if (options.tls) {
        ca_ = std::make_unique<TestCa>();
        const CertificateFiles own = ca_->issue("broker", "IP:127.0.0.1");
        mosquitto.certificate_file = own.certificate;
        mosquitto.key_file = own.key;
        at.ca_file = ca_->certificate();
        uplink = "ca_file = \"" + at.ca_file + "\"\n";
    }
    broker_ = std::make_unique<MosquittoServer>(mosquitto);
    at.port = broker_->port();
    uplink += "broker = \"" + at.url() + "\"\n";
    platform_ = std::make_unique<Platform>(at, dir_.file("received.jsonl"));
    box_ = std::make_unique<Box>(
        uplink, "[remote]\nkeys = [\"" + signer_.pinned() + "\"]\n" + kFedSource + options.site
    );
    box_->set_starter(options.starter);
    box_->set_plugin_dir(options.plugin_dir);
    box_->start();
    if (!box_->waits_for_platform()) {
        throw std::runtime_error("the platform's announcement did not reach the box");
    }
    operations_ = std::make_unique<Operations>(at);
    KpiFeed feed;
    feed.socket = box_->file("kpi.sock");
    feed.rate = kApplicationRate;
    feed.samples = kMostApplied;
    feed.repeat_unanswered = false;
    feeder_ = std::make_unique<KpiFeeder>(feed);
    if (!takes_more()) {
        throw std::runtime_error("the box does not take samples");
    }
}

wire::Desired FollowedBox::document(const std::string& config, std::chrono::seconds trial) {
    wire::Desired desired;
    desired.tenant = "t";
    desired.node = "n";
    desired.generation = ++generation_;
    desired.config = config;
    desired.trial = trial;
    return desired;
}

void FollowedBox::offer(const wire::Desired& desired) {
    operations_->publish(
        wire::Topics("t", "s", "n").twin_desired(), sealed(desired, {&signer_}), true
    );
}

std::optional<wire::Reported> FollowedBox::landed(const wire::Desired& desired) {
    return operations_->landed("n", desired.generation, desired.trial + kWayBack);
}

remote::TwinState FollowedBox::on_disk() const {
    const auto state = remote::read_twin(box_->file("state/twin"));
    if (!state) {
        throw std::runtime_error("the twin's file: " + state.error().message);
    }
    return *state;
}

bool FollowedBox::takes_more(std::size_t samples) const {
    const std::size_t enough = feeder_->acknowledged() + samples;
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (feeder_->acknowledged() < enough && std::chrono::steady_clock::now() < deadline) {
        (void)box_->status();  // a process of its own: no loop without a pause
    }
    return feeder_->acknowledged() >= enough;
}

void FollowedBox::check_equation() {
    feeder_->end();
    CHECK(feeder_->finish(kPatience));
    CHECK(box_->flush());
    const Fate fate = fate_of(*feeder_, *platform_);
    INFO(to_string(fate));
    const Json now = box_->status();
    CHECK(fate.acknowledged > 0);
    CHECK(fate.duplicated == 0);
    CHECK(now.value("dead_letters", -1) == 0);
    CHECK(now.value("gaps", -1) == 0);
    CHECK(fate.lost == 0);
}

}  // namespace cxedge::test
