// SPDX-License-Identifier: Apache-2.0
// The box keeps to its budgets. Memory and counts are held as they are, CPU as a multiple of a
// calibration loop of the same run. Every figure is printed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/core.h>

#include "tests/bench/budgets.hpp"
#include "tests/bench/node_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kpi_feeder.hpp"
#include "tests/support/mosquitto_server.hpp"

using namespace cxedge::bench;
using cxedge::test::KpiFeed;
using cxedge::test::KpiFeeder;
using cxedge::test::MosquittoServer;

namespace {

constexpr double kWatchS = 10;
// Series are defined once in their life, the last ones of the agent's own after ten seconds.
constexpr double kWarmUpS = 12;
constexpr double kDayS = 86400;

struct Figure {
    const char* name;
    double measured = 0;
    double budget = 0;
};

// Elsewhere the libraries are larger or smaller, and figures are only printed.
bool on_debian_12() {
    std::ifstream release("/etc/os-release");
    const std::string text{std::istreambuf_iterator<char>(release), {}};
    return text.find("VERSION_CODENAME=bookworm\n") != std::string::npos;
}

// Prints it; true when it is kept.
bool kept(const std::string& whose, const Figure& figure) {
    const bool reference = on_debian_12();
    std::cout << fmt::format(
        "{:<16} {:<22} {:>8.2f} of {:g}{}\n",
        whose,
        figure.name,
        figure.measured,
        figure.budget,
        reference ? "" : " (held on Debian 12)"
    );
    return !reference || figure.measured <= figure.budget;
}

bool no_broker() {
    if (MosquittoServer::available()) {
        return false;
    }
    std::cout << "skipped: mosquitto is not installed\n";
    return true;
}

// `head` stands above all tables.
std::string site(const std::string& head, const std::string& broker, const std::string& rest) {
    return fmt::format(
        "{}\n[node]\ntenant = \"bench\"\nsite = \"bench\"\nid = \"box\"\n"
        "[uplink]\nbroker = \"{}\"\n{}",
        head,
        broker,
        rest
    );
}

std::string url_of(const MosquittoServer& broker) {
    return fmt::format("mqtt://127.0.0.1:{}", broker.port());
}

constexpr const char* kCore = R"(
[[source]]
plugin = "statsd"
listen = ""
socket = "{dir}/statsd.sock"
[[source]]
plugin = "box"
)";

// The profile with its sockets in the node's directory, and all inputs that the load needs.
std::string profile_site(const std::string& broker, const ProfileBudget& profile) {
    std::string inputs =
        "[[rule]]\nmatch = \"till.*\"\nunit = \"1\"\n"
        "[[source]]\nplugin = \"statsd\"\nlisten = \"\"\nsocket = \"{dir}/statsd.sock\"\n";
    if (profile.kpi_per_day > 0) {
        inputs += "[[source]]\nplugin = \"kpi_socket\"\nsocket = \"{dir}/kpi.sock\"\n";
    }
    return site("profile = \"" + profile.name + "\"", broker, inputs);
}

// Samples that are answered one by one, as many as say something.
struct Answered {
    double flash_bytes = 0;  // for each
    double cpu_s = 0;
};
Answered answer_some(const NodeRun& node) {
    constexpr std::size_t kSamples = 50;
    constexpr double kPerSecond = 10;
    const Usage before = node.usage();
    KpiFeed feed;
    feed.socket = node.file("kpi.sock");
    feed.series = "till.sales";
    feed.rate = kPerSecond;
    feed.samples = kSamples;
    feed.strict = true;
    KpiFeeder feeder(feed);
    CHECK(feeder.finish(std::chrono::seconds(60)));
    CHECK(feeder.acknowledged() == kSamples);
    const Usage used = node.usage() - before;
    return {static_cast<double>(used.write_bytes) / kSamples, used.run_s / kSamples};
}

void hold(const std::string& profile) {
    if (no_broker()) {
        return;
    }
    const Budgets budgets = read_budgets();
    const auto found = std::find_if(
        budgets.profiles.begin(),
        budgets.profiles.end(),
        [&](const ProfileBudget& each) { return each.name == profile; }
    );
    REQUIRE(found != budgets.profiles.end());
    const ProfileBudget& budget = *found;
    const double slower = slowness(budgets.calibration);
    const MosquittoServer broker;
    NodeRun node(profile_site(url_of(broker), budget));
    REQUIRE(node.status_reaches("samples_delivered", 0));
    REQUIRE(node.status_reaches("connects", 1));
    StatsdClient software(node.file("statsd.sock"));
    software.send_for(kWarmUpS, budget.statsd_per_s);
    const Usage before = node.usage();
    software.send_for(kWatchS, budget.statsd_per_s);
    const Usage used = node.usage() - before;
    const Answered answered = budget.kpi_per_day > 0 ? answer_some(node) : Answered();
    const double kpi_per_s = budget.kpi_per_day / kDayS;
    const double cpu = used.run_s / kWatchS + answered.cpu_s * kpi_per_s;
    const double flash = static_cast<double>(used.write_bytes) * kDayS / kWatchS +
                         answered.flash_bytes * budget.kpi_per_day;
    CHECK(kept(budget.name, {"RSS MiB", peak_rss_mib(node.agent().pid()), budget.rss_mib}));
    CHECK(kept(budget.name, {"CPU % of a core", cpu * 100 / slower, budget.cpu_percent}));
    CHECK(kept(budget.name, {"flash MB a day", flash / 1e6, budget.flash_mb_per_day}));
    CHECK(node.stop() == 0);
}

}  // namespace

TEST_CASE("budget: every profile has one, and the README says the same", "[bench]") {
    const Budgets budgets = read_budgets();
    std::ifstream file(PROFILES "/README.md");
    const std::string readme{std::istreambuf_iterator<char>(file), {}};
    std::size_t profiles = 0;
    for (const auto& entry : std::filesystem::directory_iterator(PROFILES)) {
        const std::string name = entry.path().stem().string();
        if (entry.path().extension() != ".toml" || name == "catalogue") {
            continue;
        }
        ++profiles;
        const auto budget = std::find_if(
            budgets.profiles.begin(),
            budgets.profiles.end(),
            [&](const ProfileBudget& each) { return each.name == name; }
        );
        INFO(name);
        REQUIRE(budget != budgets.profiles.end());
        const std::string row = fmt::format(
            "{:g} MiB, {:g} %, {:g} MB |",
            budget->rss_mib,
            budget->cpu_percent,
            budget->flash_mb_per_day
        );
        const std::size_t at = readme.find("| `" + name + ".toml`");
        REQUIRE(at != std::string::npos);
        CHECK(readme.substr(at, readme.find('\n', at) - at).find(row) != std::string::npos);
    }
    CHECK(profiles == budgets.profiles.size());
    CHECK(profiles == 4);
}

TEST_CASE("budget: cxedged at rest", "[bench]") {
    if (no_broker()) {
        return;
    }
    const Budgets budgets = read_budgets();
    const double slower = slowness(budgets.calibration);
    const MosquittoServer broker;
    NodeRun node(site("", url_of(broker), kCore));
    REQUIRE(node.status_reaches("connects", 1));
    watch(node, 2);  // what start-up leaves to do
    const Usage used = watch(node, kWatchS);
    const CoreBudget& core = budgets.core;
    kept("this machine", {"times slower", slower, 1});
    CHECK(kept("core", {"RSS MiB", peak_rss_mib(node.agent().pid()), core.rss_idle_mib}));
    CHECK(kept(
        "core", {"CPU % of a core", used.run_s / kWatchS * 100 / slower, core.idle_cpu_percent}
    ));
    CHECK(kept(
        "core",
        {"wakeups a second", static_cast<double>(used.wakeups) / kWatchS, core.idle_wakeups_per_s}
    ));
    CHECK(node.stop() == 0);
}

TEST_CASE("budget: cxedged under 1,000 samples a second with a full spool", "[bench]") {
    NodeRun node(site(
        "",
        "mqtt://127.0.0.1:9",
        std::string("[spool]\nmax_mib = 1\ndrop_when_full = true\n") +
            "[[rule]]\nmatch = \"till.*\"\nunit = \"1\"\nkeep = \"raw\"\n" + kCore
    ));
    REQUIRE(fill_spool(node));
    StatsdClient(node.file("statsd.sock")).send_for(kWatchS, 1000);
    const double rss = peak_rss_mib(node.agent().pid());
    CHECK(kept("core, busy", {"RSS MiB", rss, read_budgets().core.rss_busy_mib}));
    CHECK(node.stop() == 0);
}

TEST_CASE("budget: store-gateway", "[bench]") {
    hold("store-gateway");
}

TEST_CASE("budget: network-probe", "[bench]") {
    hold("network-probe");
}

TEST_CASE("budget: unmanned-store", "[bench]") {
    hold("unmanned-store");
}

TEST_CASE("budget: demo", "[bench]") {
    hold("demo");
}
