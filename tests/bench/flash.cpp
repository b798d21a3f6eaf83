// SPDX-License-Identifier: Apache-2.0
// ./dev bench flash: what keeping samples costs the flash, with and without a broker. Bytes are
// those that SQLite hands to the kernel; write_bytes are the pages that they dirty.
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "tests/bench/delivery_run.hpp"
#include "tests/bench/flash_history.hpp"
#include "tests/bench/machine.hpp"

namespace {

using cxedge::bench::DeliveryFigures;
using cxedge::bench::DeliveryPlan;

void print_row(const DeliveryPlan& plan, const DeliveryFigures& figures) {
    constexpr double kPerThousand = 1000;
    const auto samples = static_cast<double>(figures.measured);
    const double payload = static_cast<double>(figures.totals.payload_bytes) /
                           static_cast<double>(figures.sent) * samples;
    fmt::print(
        "{:>8}  {:<8} {:>12.1f} {:>14.2f} {:>16.1f} {:>18.1f} {:>15.1f}\n",
        plan.rate,
        plan.offline ? "offline" : "online",
        payload / samples,
        static_cast<double>(figures.files.bytes) / payload,
        static_cast<double>(figures.files.bytes) / samples,
        static_cast<double>(figures.written_bytes) / samples,
        static_cast<double>(figures.files.syncs) / samples * kPerThousand
    );
    std::fflush(stdout);
}

int run(double seconds) {
    fmt::print(
        "{}\nkpi_socket, raw, {} s each; pwrite64 and fsync counted by strace\n"
        "{:>8}  {:<8} {:>12} {:>14} {:>16} {:>18} {:>15}\n",
        cxedge::bench::machine(),
        seconds,
        "samples/s",
        "broker",
        "payload B/s.",
        "bytes/payload",
        "bytes/sample",
        "write_bytes/sample",
        "fsyncs/1,000"
    );
    bool whole = true;
    for (const bool offline : {false, true}) {
        for (const double rate : {1.0, 20.0, 200.0, 5000.0}) {
            DeliveryPlan plan;
            plan.rate = rate;
            plan.seconds = seconds;
            plan.offline = offline;
            plan.trace_files = true;
            const auto cxedged = cxedge::bench::make_cxedged({});
            const DeliveryFigures figures = cxedge::bench::DeliveryRun(plan, *cxedged).run();
            print_row(plan, figures);
            whole = whole && figures.lost == 0 && figures.duplicates == 0;
        }
    }
    cxedge::bench::print_history_cost();
    return whole ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Bytes written and fsyncs for each sample, at 1 to 5,000 samples a second");
    double seconds = 30;
    app.add_option("--seconds", seconds, "Of each of the eight runs")->check(CLI::Range(5, 3600));
    bool only_history = false;
    app.add_flag("--only-history", only_history, "What history.db costs, and nothing else");
    CLI11_PARSE(app, argc, argv);
    try {
        if (only_history) {
            cxedge::bench::print_history_cost();
            return 0;
        }
        return run(seconds);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
