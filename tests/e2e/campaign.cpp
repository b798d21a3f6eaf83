// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/campaign.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>
#include <poll.h>

namespace cxedge::test {
namespace {

// More than any campaign comes to.
constexpr std::size_t kMostSamples = 2'000'000;
constexpr unsigned kLongestPauseMs = 250;

MosquittoOptions broker_options() {
    MosquittoOptions options;
    // Nothing is saved: what the broker acknowledged and lost, the platform's acknowledgement
    // finds.
    options.extra = "max_queued_messages 0\n";
    return options;
}

}  // namespace

const char* const kFedSource = R"(
[[source]]
plugin = "kpi_socket"
socket = "{dir}/kpi.sock"
[[rule]]
match = "bench.*"
unit = "1"
keep = "raw"
)";

std::string to_string(const Fate& fate) {
    return fmt::format(
        "{} acknowledged, {} received, {} lost, {} duplicated{}; kills: {} cxedged, {} broker, {} "
        "platform; broker stopped {} times, frozen {} times",
        fate.acknowledged,
        fate.received,
        fate.lost,
        fate.duplicated,
        fate.first_problem.empty() ? "" : " (" + fate.first_problem + ")",
        fate.agent_kills,
        fate.broker_kills,
        fate.platform_kills,
        fate.broker_stops,
        fate.broker_freezes
    );
}

Platform::Platform(BrokerAddress broker, std::string out_file)
    : broker_(std::move(broker)), out_(std::move(out_file)) {
    start();
}

void Platform::start() {
    std::vector<std::string> words{
        CXCTL, "receive", "--broker", broker_.url(), "--out", out_, "--ack-ms", "100"};
    if (!broker_.ca_file.empty()) {
        words.insert(words.end(), {"--ca", broker_.ca_file});
    }
    process_ = std::make_unique<Process>(words);
}

void Platform::kill() {
    process_->signal(SIGKILL);
    process_->wait(kPatience);
}

std::vector<std::uint32_t> Platform::times(const std::string& metric, std::size_t samples) const {
    std::vector<std::uint32_t> times(samples);
    std::ifstream in(out_);
    for (std::string line; std::getline(in, line);) {
        const Json object = Json::parse(line, nullptr, false);
        if (object.is_object() && object.value("metric", "") == metric) {
            ++times.at(static_cast<std::size_t>(object["value"].get<double>()));
        }
    }
    return times;
}

std::optional<Json> Platform::event(const std::string& name, const std::string& text) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        std::ifstream in(out_);
        for (std::string line; std::getline(in, line);) {
            Json object = Json::parse(line, nullptr, false);
            if (object.is_object() && object.value("event", "") == name &&
                object.value("text", "").find(text) != std::string::npos) {
                return object;
            }
        }
    }
    return std::nullopt;
}

Fate fate_of(const KpiFeeder& feeder, const Platform& platform) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (true) {
        Fate fate;
        const auto times = platform.times(feeder.series(), feeder.sent().size());
        for (std::size_t i = 0; i < times.size(); ++i) {
            const bool promised = feeder.sent()[i].ok_ns != 0;
            const bool lost = promised && times[i] == 0;
            fate.acknowledged += promised ? 1U : 0U;
            fate.received += times[i] > 0 ? 1U : 0U;
            fate.lost += lost ? 1U : 0U;
            fate.duplicated += times[i] > 1 ? 1U : 0U;
            if (fate.first_problem.empty() && (lost || times[i] > 1)) {
                fate.first_problem = fmt::format("sample {} came {} times", i, times[i]);
            }
        }
        if (fate.lost == 0 || std::chrono::steady_clock::now() > deadline) {
            return fate;
        }
    }
}

Campaign::Campaign(CampaignPlan plan)
    : plan_(plan),
      random_(plan.seed),
      broker_(broker_options()),
      platform_({broker_.port(), ""}, dir_.file("out.jsonl")),
      box_(broker_.port(), kFedSource) {
    box_.start();
    if (!box_.waits_for_platform()) {
        throw std::runtime_error("the platform's announcement did not reach the node");
    }
    KpiFeed feed;
    feed.socket = box_.file("kpi.sock");
    feed.rate = plan_.rate;
    feed.samples = kMostSamples;
    feed.repeat_unanswered = false;
    feeder_ = std::make_unique<KpiFeeder>(feed);
}

Fate Campaign::run() {
    while (fate_.agent_kills < plan_.kills) {
        ::poll(nullptr, 0, static_cast<int>(up_to(kLongestPauseMs)));
        trouble();
    }
    settle();
    Fate fate = fate_of(*feeder_, platform_);
    fate.agent_kills = fate_.agent_kills;
    fate.broker_kills = fate_.broker_kills;
    fate.broker_stops = fate_.broker_stops;
    fate.broker_freezes = fate_.broker_freezes;
    fate.platform_kills = fate_.platform_kills;
    return fate;
}

// Mostly kills of the node; the broker is in whatever state an earlier turn left it in.
void Campaign::trouble() {
    constexpr unsigned kSides = 9;
    switch (up_to(kSides)) {
        case 0:
        case 1:
        case 2:
            toggle_broker();
            break;
        case 3:
            toggle_freeze();
            break;
        case 4:
            platform_.kill();
            platform_.start();
            ++fate_.platform_kills;
            break;
        default:
            kill_agent();
    }
}

void Campaign::kill_agent() {
    box_.kill();
    box_.start();
    ++fate_.agent_kills;
}

void Campaign::toggle_broker() {
    if (!broker_.running()) {
        broker_.start();
    } else if (up_to(1) == 0) {
        broker_.kill();
        ++fate_.broker_kills;
    } else {
        broker_.stop();
        ++fate_.broker_stops;
    }
    frozen_ = false;
}

void Campaign::toggle_freeze() {
    if (!broker_.running()) {
        return;
    }
    frozen_ = !frozen_;
    if (frozen_) {
        broker_.pause();
        ++fate_.broker_freezes;
    } else {
        broker_.resume();
    }
}

// Everything is well again, and all that waits goes out.
void Campaign::settle() {
    if (!broker_.running()) {
        broker_.start();
    }
    broker_.resume();
    feeder_->end();
    feeder_->finish(kPatience);
    // Its answer does not matter: what arrived does.
    (void)box_.flush();
}

}  // namespace cxedge::test
