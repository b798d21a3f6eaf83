// SPDX-License-Identifier: Apache-2.0
// ./dev bench delivery: what a sample costs on its way from a local application to the broker, and
// whether it arrives. Real cxedged, real mosquitto. Exit status 1 when one was lost or came twice.
#include <algorithm>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tests/bench/delivery_run.hpp"
#include "tests/bench/machine.hpp"
#include "tests/support/mosquitto_server.hpp"

namespace {

using cxedge::bench::CxedgedOptions;
using cxedge::bench::DeliveryFigures;
using cxedge::bench::DeliveryPlan;

double part(const std::vector<double>& sorted, double share) {
    return sorted.empty()
               ? 0
               : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::string percentiles(const std::vector<double>& sorted) {
    constexpr double kMedian = 0.5;
    constexpr double kMost = 0.95;
    constexpr double kNearlyAll = 0.99;
    return fmt::format(
        "p50 {:.2f}, p95 {:.2f}, p99 {:.2f} ms",
        part(sorted, kMedian),
        part(sorted, kMost),
        part(sorted, kNearlyAll)
    );
}

void print_wire(const DeliveryFigures& figures, double samples) {
    if (!figures.wire) {
        fmt::print("wire:     not measured ({})\n", figures.no_wire);
        return;
    }
    fmt::print(
        "wire:     {:.2f} B a sample both ways with IP and TCP headers, {} packets (TUN between "
        "two network namespaces); MQTT payload {:.2f} B a sample in {} batches\n",
        static_cast<double>(figures.wire->bytes) / samples,
        figures.wire->packets,
        static_cast<double>(figures.totals.payload_bytes) / static_cast<double>(figures.sent),
        figures.totals.batches
    );
}

void print_costs(const DeliveryPlan& plan, const DeliveryFigures& figures) {
    const auto samples = static_cast<double>(figures.measured);
    constexpr double kUsPerS = 1e6;
    const double seconds = plan.feeding_s() - DeliveryPlan::kWarmUp;
    const double cpu_s = figures.cpu_user_s + figures.cpu_system_s;
    fmt::print(
        "CPU:      {:.2f} us a sample (user {:.2f}, system {:.2f}), {:.1f} % of a core, {:.0f} "
        "wakeups a second\n",
        cpu_s / samples * kUsPerS,
        figures.cpu_user_s / samples * kUsPerS,
        figures.cpu_system_s / samples * kUsPerS,
        cpu_s / seconds * 100,
        static_cast<double>(figures.wakeups) / seconds
    );
    fmt::print(
        "memory:   peak {:.2f} MiB, at the end {:.2f} MiB\n", figures.peak_mib, figures.end_mib
    );
    print_wire(figures, samples);
    fmt::print(
        "disk:     {:.2f} B a sample written (/proc/PID/io), state directory {:+} B\n",
        static_cast<double>(figures.written_bytes) / samples,
        figures.state_growth
    );
    fmt::print(
        "latency:  {} from the application to a subscriber\n", percentiles(figures.latency_ms)
    );
}

void print_old(const DeliveryFigures& figures) {
    if (figures.old.samples == 0) {
        return;
    }
    constexpr double kKib = 1024;
    fmt::print(
        "backlog:  {} samples in {} batches had waited; {} received, {} twice, in {:.1f} s ({:.1f} "
        "KiB of bodies a second){}\n",
        figures.old.samples,
        figures.old.batches,
        figures.old_received,
        figures.old_twice,
        figures.old_s,
        static_cast<double>(figures.old.bytes) / kKib / std::max(figures.old_s, 1e-3),
        figures.old_late ? "; it outlasted the feed: give more --seconds" : ""
    );
}

void print_fate(const DeliveryFigures& figures) {
    if (figures.first_message_s) {
        fmt::print(
            "return:   first message {:.2f} s after the broker, {} backlogged samples within "
            "{:.2f} s more\n",
            *figures.first_message_s,
            figures.backlog,
            figures.backlog_s
        );
    }
    fmt::print(
        "samples:  {} sent, {} acknowledged, {} received, {} lost, {} duplicated; {} refused and "
        "sent again, {} twice because their answer was lost; {} batches repeated\n",
        figures.sent,
        figures.acknowledged,
        figures.received,
        figures.lost,
        figures.duplicates,
        figures.refusals,
        figures.sent_twice,
        figures.totals.repeated
    );
}

int run(const DeliveryPlan& plan, const CxedgedOptions& options) {
    if (!cxedge::test::MosquittoServer::available()) {
        fmt::print(stderr, "mosquitto is not installed\n");
        return 2;
    }
    fmt::print(
        "{}\n{} samples/s for {} s through {}{}, raw, to mosquitto{}{}{}{}\n",
        cxedge::bench::machine(),
        plan.rate,
        plan.feeding_s(),
        options.via,
        plan.strict ? ", one line at a time" : "",
        plan.delay_ms > 0 ? fmt::format(", {} ms each way", plan.delay_ms) : "",
        plan.outage_s > 0 ? fmt::format(", broker down for {} s", plan.outage_s) : "",
        plan.freeze_s > 0 ? fmt::format(", broker stopped for {} s", plan.freeze_s) : "",
        plan.kill ? ", kill -9" : ""
    );
    std::fflush(stdout);
    const auto cxedged = cxedge::bench::make_cxedged(options);
    const DeliveryFigures figures = cxedge::bench::DeliveryRun(plan, *cxedged).run();
    print_costs(plan, figures);
    print_old(figures);
    if (options.via == "kpi_socket") {
        fmt::print("answer:   {}\n", percentiles(figures.answer_ms));
    }
    print_fate(figures);
    const bool old_whole = figures.old_received == figures.old.samples && figures.old_twice == 0;
    return figures.lost == 0 && figures.duplicates == 0 && old_whole ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "What a sample costs from a local application to the broker, and whether it arrives"
    );
    DeliveryPlan plan;
    CxedgedOptions options;
    app.add_option("--rate", plan.rate, "Samples a second")->check(CLI::Range(1, 200'000));
    app.add_option("--seconds", plan.seconds, "Of feeding, outages come on top")
        ->check(CLI::Range(2, 86'400));
    app.add_option("--via", options.via, "Plugin that takes the samples")
        ->check(CLI::IsMember({"kpi_socket", "statsd"}));
    app.add_flag("--strict", plan.strict, "kpi_socket: one line, and the next after its answer");
    app.add_option("--burst-ms", plan.burst_ms, "kpi_socket: lines are written this often")
        ->check(CLI::Range(1, 1'000));
    app.add_option("--outage", plan.outage_s, "Stop the broker for so many seconds");
    app.add_option("--freeze", plan.freeze_s, "SIGSTOP the broker for so many seconds");
    app.add_flag("--kill", plan.kill, "kill -9 with the broker up, and inside the outage");
    app.add_option("--delay-ms", plan.delay_ms, "Delay each way (needs root)")
        ->check(CLI::Range(0, 5'000));
    app.add_option("--config", options.config, "Further lines of configuration, e.g. '[spool]'");
    app.add_option("--backlog-days", options.backlog_days, "So many days of 1 sample/s have waited")
        ->check(CLI::Range(0.0, 60.0));
    app.add_option("--uplink", options.uplink, "Lines of [uplink], e.g. backfill_kib_per_s = 64");
    CLI11_PARSE(app, argc, argv);
    if (plan.kill && options.via == "statsd") {
        fmt::print(stderr, "--kill needs --via kpi_socket: StatsD has no answers to go by\n");
        return 2;
    }
    try {
        return run(plan, options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
