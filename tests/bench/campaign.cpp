// SPDX-License-Identifier: Apache-2.0
// ./dev bench campaign: the long form of the kill -9 campaign of tests/e2e. Exit status 1 when
// something acknowledged was lost or came twice.
#include "tests/e2e/campaign.hpp"

#include <exception>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

int main(int argc, char** argv) {
    CLI::App app(
        "SIGKILL to node, broker and platform at random: what was acknowledged arrives once"
    );
    cxedge::test::CampaignPlan plan;
    plan.seed = std::random_device{}();
    plan.kills = 500;
    app.add_option("--kills", plan.kills, "Of cxedged");
    app.add_option("--seed", plan.seed, "Of the order of events; default: random");
    app.add_option("--rate", plan.rate, "Samples a second")->check(CLI::Range(1, 20'000));
    CLI11_PARSE(app, argc, argv);
    fmt::print("seed {}\n", plan.seed);
    try {
        const cxedge::test::Fate fate = cxedge::test::Campaign(plan).run();
        fmt::print("{}\n", to_string(fate));
        return fate.lost == 0 && fate.duplicated == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
