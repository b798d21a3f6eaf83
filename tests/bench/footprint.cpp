// SPDX-License-Identifier: Apache-2.0
// ./dev bench footprint: the core's budgets on this build: memory at rest and under load, start-up,
// idle cost, size. Status 1 if memory, wakeups or size are over; times depend on the machine.
#include <chrono>
#include <filesystem>

#include <fmt/core.h>

#include "tests/bench/budgets.hpp"
#include "tests/bench/machine.hpp"
#include "tests/bench/node_run.hpp"
#include "tests/support/mosquitto_server.hpp"

namespace {

using cxedge::bench::NodeRun;
using cxedge::bench::Usage;
using cxedge::test::MosquittoServer;
using cxedge::test::Process;
using Seconds = std::chrono::duration<double>;

constexpr int kStarts = 20;
constexpr double kIdleSeconds = 20;
constexpr std::chrono::seconds kPatience{60};

// A reading as soon as it starts, to be sent as it is.
constexpr const char* kFirstSample =
    "[[rule]]\nmatch = \"store.queue.length\"\nkeep = \"raw\"\n"
    "[[source]]\nplugin = \"synthetic\"\n[[source.series]]\nmetric = \"store.queue.length\"\n"
    "kind = \"gauge\"\nunit = \"{person}\"\nrate_hz = 10\ndims = { queue = \"1\" }\n";

std::string site_of(std::uint16_t port, const std::string& rest, int number = 0) {
    return fmt::format(
        "[node]\ntenant = \"bench\"\nsite = \"bench\"\nid = \"box-{}\"\n"
        "[uplink]\nbroker = \"mqtt://127.0.0.1:{}\"\n{}",
        number,
        port,
        rest
    );
}

std::string core_site(std::uint16_t port) {
    return site_of(
        port,
        "[[source]]\nplugin = \"statsd\"\nlisten = \"127.0.0.1:0\"\n[[source]]\nplugin = \"box\"\n"
    );
}

double since(std::chrono::steady_clock::time_point begin) {
    return Seconds(std::chrono::steady_clock::now() - begin).count();
}

bool print(const char* name, double value, double budget, const char* unit) {
    const bool kept = value <= budget;
    fmt::print(
        "{:<24} {:>8.2f} {}, budget {:g}{}\n", name, value, unit, budget, kept ? "" : "   OVER"
    );
    return kept;
}

void time_starts(const MosquittoServer& broker) {
    std::vector<double> starts;
    for (int i = 0; i < kStarts; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        NodeRun node(core_site(broker.port()));
        starts.push_back(since(begin) * 1000);
        node.stop();
    }
    fmt::print(
        "start to running         {}, {} starts\n",
        to_string(cxedge::bench::spread(starts), "ms"),
        kStarts
    );
}

// From the start of cxedged to its first sample at a subscriber.
void time_first_samples(const MosquittoServer& broker, double budget_s) {
    const std::string url = fmt::format("mqtt://127.0.0.1:{}", broker.port());
    Process tail({CXCTL, "tail", "--broker", url, "--format", "jsonl"});
    if (!tail.line_with("connected", kPatience)) {
        fmt::print(stderr, "cxctl tail does not connect\n");
        return;
    }
    std::vector<double> times;
    for (int i = 0; i < kStarts; ++i) {
        const std::string its_node = fmt::format("\"node\":\"box-{}\"", i);
        const auto begin = std::chrono::steady_clock::now();
        NodeRun node(site_of(broker.port(), kFirstSample, i));
        const auto first = tail.line_where(
            [&](const std::string& line) {
                return line.find(its_node) != std::string::npos &&
                       line.find("\"metric\":") != std::string::npos;
            },
            kPatience
        );
        if (first) {
            times.push_back(since(begin));
        }
        node.stop();
    }
    const cxedge::bench::Spread spread = cxedge::bench::spread(times);
    print("start to first sample", spread.median, budget_s, "s");
    fmt::print(
        "                         least {:.2f} s, most {:.2f} s\n", spread.least, spread.most
    );
}

bool measure_idle(const MosquittoServer& broker, const cxedge::bench::CoreBudget& budget) {
    NodeRun node(core_site(broker.port()));
    if (!node.status_reaches("connects", 1)) {
        return false;
    }
    cxedge::bench::watch(node, 2);
    const Usage used = cxedge::bench::watch(node, kIdleSeconds);
    const bool rss = print(
        "RSS idle", cxedge::bench::peak_rss_mib(node.agent().pid()), budget.rss_idle_mib, "MiB"
    );
    print("CPU idle", used.run_s / kIdleSeconds * 100, budget.idle_cpu_percent, "% of a core");
    const double wakeups = static_cast<double>(used.wakeups) / kIdleSeconds;
    const bool calm = print("wakeups idle", wakeups, budget.idle_wakeups_per_s, "a second");
    node.stop();
    return rss && calm;
}

bool measure_busy(const cxedge::bench::CoreBudget& budget) {
    constexpr std::uint16_t kNobody = 9;
    NodeRun node(site_of(
        kNobody,
        "[spool]\nmax_mib = 8\ndrop_when_full = true\n"
        "[[rule]]\nmatch = \"till.*\"\nunit = \"1\"\nkeep = \"raw\"\n"
        "[[source]]\nplugin = \"statsd\"\nlisten = \"\"\nsocket = \"{dir}/statsd.sock\"\n"
    ));
    const bool full = cxedge::bench::fill_spool(node);
    cxedge::bench::StatsdClient(node.file("statsd.sock")).send_for(kIdleSeconds, 1000);
    const double rss = cxedge::bench::peak_rss_mib(node.agent().pid());
    const bool kept = print("RSS, 1,000/s, full spool", rss, budget.rss_busy_mib, "MiB");
    node.stop();
    return full && kept;
}

bool measure_binary(double budget_mib) {
    const cxedge::test::TempDir dir;
    const std::string stripped = dir.file("cxedged");
    if (cxedge::test::run({"strip", "-o", stripped, CXEDGED}).status != 0) {
        return false;
    }
    const auto bytes = static_cast<double>(std::filesystem::file_size(stripped));
    return print("binary, stripped", bytes / 1048576, budget_mib, "MiB");
}

}  // namespace

int main() {
    fmt::print("{}\n", cxedge::bench::machine());
    const cxedge::bench::Budgets budgets = cxedge::bench::read_budgets();
    fmt::print(
        "calibration              {:.2f} times as slow as where the budgets were measured\n",
        cxedge::bench::slowness(budgets.calibration)
    );
    const MosquittoServer broker;
    time_starts(broker);
    time_first_samples(broker, budgets.core.first_sample_s);
    const bool idle = measure_idle(broker, budgets.core);
    const bool busy = measure_busy(budgets.core);
    const bool binary = measure_binary(budgets.core.binary_mib);
    return idle && busy && binary ? 0 : 1;
}
