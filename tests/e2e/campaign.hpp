// SPDX-License-Identifier: Apache-2.0
// The kill -9 campaign: a node, a broker and a platform (cxctl receive, which acknowledges) that
// are killed, stopped and frozen at random, while an application counts what was promised to it.
// Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/box.hpp"
#include "tests/e2e/broker_address.hpp"
#include "tests/support/kpi_feeder.hpp"

namespace cxedge::test {

struct CampaignPlan {
    std::uint32_t seed = 1;
    unsigned kills = 20;  // of cxedged; broker and platform get theirs on top
    double rate = 400;    // samples a second
};

struct Fate {
    std::size_t acknowledged = 0;
    std::size_t received = 0;    // different samples
    std::size_t lost = 0;        // acknowledged, and not received
    std::size_t duplicated = 0;  // received more than once
    std::string first_problem;   // a sample of those two, and what is wrong
    unsigned agent_kills = 0;
    unsigned broker_kills = 0;
    unsigned broker_stops = 0;
    unsigned broker_freezes = 0;
    unsigned platform_kills = 0;
};
std::string to_string(const Fate& fate);

// The platform: everything that reached it is in a file, once.
class Platform {
public:
    Platform(BrokerAddress broker, std::string out_file);
    void start();
    void kill();
    // The first event of that name whose text holds `text`; looks again until there is one, at most
    // kPatience.
    [[nodiscard]] std::optional<Json> event(const std::string& name, const std::string& text) const;
    // How often each sample of `metric` is in the file, by the whole part of its value.
    [[nodiscard]] std::vector<std::uint32_t> times(const std::string& metric, std::size_t samples)
        const;

private:
    BrokerAddress broker_;
    std::string out_;
    std::unique_ptr<Process> process_;
};

// What became of the samples of a feeder that has ended. Looks again until nothing is missing, or
// kPatience is over.
Fate fate_of(const KpiFeeder& feeder, const Platform& platform);

class Campaign {
public:
    // Throws std::runtime_error when a process does not start: a node must start whatever happened.
    explicit Campaign(CampaignPlan plan);
    Fate run();

private:
    void trouble();
    void kill_agent();
    void toggle_broker();
    void toggle_freeze();
    void settle();
    unsigned up_to(unsigned most) { return static_cast<unsigned>(random_()) % (most + 1); }

    CampaignPlan plan_;
    std::mt19937 random_;
    TempDir dir_;
    MosquittoServer broker_;
    Platform platform_;
    Box box_;
    std::unique_ptr<KpiFeeder> feeder_;
    bool frozen_ = false;
    Fate fate_;
};

// A [[source]] and a [[rule]] for KpiFeeder; "{dir}" as in Box.
extern const char* const kFedSource;

}  // namespace cxedge::test
