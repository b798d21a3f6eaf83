// SPDX-License-Identifier: Apache-2.0
// ./dev sim: many seeds, or one of them in all detail.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "agent/base/log.hpp"

#include "tests/sim/world.hpp"

namespace {

constexpr int kUsage = 2;

struct Arguments {
    std::uint64_t seeds = 100;
    std::uint64_t first = 1;
    bool verbose = false;
    bool harsh = false;
    bool good = true;
};

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--verbose") {
            arguments.verbose = true;
        } else if (name == "--harsh") {
            arguments.harsh = true;
        } else if ((name == "--seeds" || name == "--seed") && i + 1 < argc) {
            const std::uint64_t value = std::strtoull(argv[++i], nullptr, 10);
            (name == "--seeds" ? arguments.seeds : arguments.first) = value;
        } else {
            arguments.good = false;
        }
    }
    return arguments;
}

}  // namespace

int main(int argc, char** argv) {
    const Arguments arguments = parse(argc, argv);
    if (!arguments.good) {
        fmt::print(stderr, "usage: sim [--seeds N] [--seed FIRST] [--harsh] [--verbose]\n");
        return kUsage;
    }
    cxedge::log::set_level(
        arguments.verbose ? cxedge::log::Level::info : cxedge::log::Level::error
    );
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t failed = 0;
    std::uint64_t accepted = 0;
    std::uint64_t kills = 0;
    std::uint64_t cuts = 0;
    for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
        cxedge::sim::World::Say say;
        if (arguments.verbose) {
            say = [](const std::string& line) {
                fmt::print("{}\n", line);
            };
        }
        const cxedge::sim::Outcome outcome = cxedge::sim::World(seed, arguments.harsh, say).run();
        accepted += outcome.accepted;
        kills += outcome.kills;
        cuts += outcome.power_cuts;
        failed += outcome.failures.empty() ? 0U : 1U;
        for (const std::string& failure : outcome.failures) {
            fmt::print("seed {}: FAILED: {}\n", seed, failure);
        }
        if (arguments.verbose) {
            fmt::print("seed {}: {}, trace {:016x}\n", seed, outcome.summary, outcome.trace);
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print(
        "{} seeds, {} failed; {} items accepted, {} kills, {} power cuts; {:.1f} s\n",
        arguments.seeds,
        failed,
        accepted,
        kills,
        cuts,
        took.count()
    );
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
