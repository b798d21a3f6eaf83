// SPDX-License-Identifier: Apache-2.0
// ./dev bench peers: cxedged beside what a user would pick instead, with the same feed and the same
// troubles, in one run. Exit status 1 when cxedged lost a sample or delivered one twice.
#include "tests/bench/peers/peers.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tests/bench/delivery_run.hpp"
#include "tests/bench/machine.hpp"
#include "tests/support/mosquitto_server.hpp"

namespace {

using cxedge::bench::Candidate;
using cxedge::bench::DeliveryFigures;
using cxedge::bench::DeliveryPlan;

struct Scenario {
    const char* name;
    double rate = 1000;
    double outage_s = 0;
    double freeze_s = 0;
    bool kill = false;
    bool full_disk = false;
    std::int64_t delay_ms = 0;
    bool paced = false;  // lines go out when they are due, and answers are read as they come

    [[nodiscard]] bool is_steady() const { return outage_s == 0 && freeze_s == 0 && delay_ms == 0; }
};

constexpr double kOutageS = 30;
constexpr double kFreezeS = 20;
constexpr std::int64_t kDelayMs = 50;

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> kAll{
        {"steady 100/s", 100, 0, 0, false, false, 0, true},
        {"steady 1,000/s", 1000, 0, 0, false, false, 0, true},
        {"steady 5,000/s", 5000, 0, 0, false, false, 0, true},
        {"waiting 100/s", 100},
        {"waiting 1,000/s", 1000},
        {"waiting 5,000/s", 5000},
        {"50 ms each way", 1000, 0, 0, false, false, kDelayMs},
        {"broker down 30 s", 1000, kOutageS},
        {"kill -9, up and down", 1000, kOutageS, 0, true},
        {"broker stopped 20 s", 1000, 0, kFreezeS},
        {"disk full and kill -9", 1000, kOutageS, 0, true, true},
    };
    return kAll;
}

DeliveryPlan plan_of(const Scenario& scenario, double seconds) {
    DeliveryPlan plan;
    plan.rate = scenario.rate;
    plan.seconds = seconds;
    plan.strict = !scenario.paced;
    plan.burst_ms = 1;
    plan.outage_s = scenario.outage_s;
    plan.freeze_s = scenario.freeze_s;
    plan.kill = scenario.kill;
    plan.full_disk = scenario.full_disk;
    plan.delay_ms = scenario.delay_ms;
    return plan;
}

std::string median_of(const std::vector<double>& sorted) {
    return sorted.empty() ? "-" : fmt::format("{:.1f}", sorted[sorted.size() / 2]);
}

void print_row(const Candidate& candidate, const Scenario& scenario, const DeliveryFigures& of) {
    constexpr double kUsPerS = 1e6;
    const auto samples = static_cast<double>(std::max<std::size_t>(1, of.measured));
    const bool delivers = of.delivers;
    const auto number = [delivers](std::size_t count) {
        return delivers ? fmt::format("{}", count) : "-";
    };
    fmt::print(
        "{:<22} {:<14} {:>9.1f} {:>9} {:>9.1f} {:>9} {:>7.1f} {:>8} {:>8} {:>8} {:>8}\n",
        scenario.name,
        candidate.name(),
        (of.cpu_user_s + of.cpu_system_s) / samples * kUsPerS,
        of.wire && delivers ? fmt::format("{:.1f}", static_cast<double>(of.wire->bytes) / samples)
                            : "-",
        static_cast<double>(of.written_bytes) / samples,
        median_of(of.latency_ms),
        of.peak_mib,
        of.acknowledged,
        number(of.lost),
        number(of.duplicates + of.sent_twice),
        of.first_message_s ? fmt::format("{:.2f}", *of.first_message_s) : "-"
    );
    std::fflush(stdout);
}

void print_head() {
    fmt::print(
        "{}\nOne line a sample. steady: written when it is due, answers read as they come; others: "
        "the next after its answer. Where there are none, written counts as taken. Not in Debian "
        "12: Fluent Bit, Telegraf, Vector; rsyslog has no output for MQTT or plain HTTP there.\n"
        "{:<22} {:<14} {:>9} {:>9} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8}\n",
        cxedge::bench::machine(),
        "scenario",
        "program",
        "CPU us/s.",
        "wire B/s.",
        "disk B/s.",
        "p50 ms",
        "RSS MiB",
        "taken",
        "lost",
        "twice",
        "1st s"
    );
    std::fflush(stdout);
}

struct Choice {
    double seconds = 10;
    std::string only;  // part of a scenario's name
    std::string root = "build/peers";
};

// Whether cxedged kept its promise.
bool run_scenario(
    const Scenario& scenario,
    const std::vector<std::unique_ptr<Candidate>>& candidates,
    double seconds
) {
    bool kept = true;
    for (const auto& candidate : candidates) {
        const bool ours = candidate == candidates.front();
        const bool floor = candidate == candidates.back();
        if (floor && !scenario.is_steady()) {
            continue;
        }
        const DeliveryFigures figures =
            cxedge::bench::DeliveryRun(plan_of(scenario, seconds), *candidate).run();
        print_row(*candidate, scenario, figures);
        kept = kept && (!ours || (figures.lost == 0 && figures.duplicates == 0));
    }
    return kept;
}

int run(const Choice& choice) {
    if (!cxedge::test::MosquittoServer::available()) {
        fmt::print(stderr, "mosquitto is not installed\n");
        return 2;
    }
    std::vector<std::unique_ptr<Candidate>> candidates;
    candidates.push_back(cxedge::bench::make_cxedged({}));
    candidates.push_back(cxedge::bench::make_collectd(choice.root));
    candidates.push_back(cxedge::bench::make_syslog_ng(choice.root));
    candidates.push_back(cxedge::bench::make_mosquitto_pub(choice.root));
    candidates.push_back(cxedge::bench::make_echo());
    print_head();
    bool kept = true;
    for (const Scenario& scenario : scenarios()) {
        if (std::string(scenario.name).find(choice.only) != std::string::npos) {
            kept = run_scenario(scenario, candidates, choice.seconds) && kept;
        }
    }
    return kept ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("cxedged beside collectd, syslog-ng and mosquitto_pub: cost, and what gets lost");
    Choice choice;
    app.add_option("--seconds", choice.seconds, "Of each run, troubles come on top")
        ->check(CLI::Range(4, 3600));
    app.add_option("--only", choice.only, "Scenarios with this in their name");
    app.add_option("--root", choice.root, "Where unpack.sh put the programs");
    CLI11_PARSE(app, argc, argv);
    // A FIFO whose reader was killed is an error of write(2) like others.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        choice.root = std::filesystem::absolute(choice.root).string();
        return run(choice);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
