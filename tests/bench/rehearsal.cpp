// SPDX-License-Identifier: Apache-2.0
// A staged roll-out over hundreds of nodes of which a tenth cannot bear it: it stops, and goes on
// once it is mended.
#include "tests/e2e/rehearsal.hpp"

#include <chrono>
#include <iostream>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace cxedge::test {
namespace {

double since(SteadyTime begun) {
    return std::chrono::duration<double>(SystemClock().steady_now() - begun).count();
}

void print_count(const RehearsalCount& count) {
    fmt::print(
        "  {} nodes: {} touched ({} confirmed, {} rolled back), {} untouched\n",
        count.nodes,
        count.touched,
        count.confirmed,
        count.rolled_back,
        count.nodes - count.touched
    );
}

// Says what cxctl said; its status.
int rehearse(Rehearsal& fleet, const std::string& config, const std::vector<std::string>& options) {
    const SteadyTime begun = SystemClock().steady_now();
    const Finished pushed = fleet.push(config, options);
    fmt::print("{}  status {}, {:.1f} s\n", pushed.output, pushed.status, since(begun));
    print_count(fleet.count());
    return pushed.status;
}

int rehearsed(std::size_t nodes, const std::string& stages) {
    const SteadyTime begun = SystemClock().steady_now();
    Rehearsal fleet(nodes);
    fmt::print(
        "{} nodes in this process, each with a connection to a real broker and the real twin rules;"
        " what a box does with a configuration is played. Connected after {:.1f} s.\n"
        "Every tenth site has hardware B, which the first configuration breaks.\n",
        nodes,
        since(begun)
    );
    const std::vector<std::string> options{"--stages", stages};
    fmt::print("\ncxctl push bad.toml --group {} --stages {}\n", kRehearsedGroup, stages);
    const int bad = rehearse(fleet, std::string(kBreaksHardwareB) + "\n", options);
    const RehearsalCount stopped = fleet.count();
    fmt::print("\ncxctl push mended.toml --group {} --stages {}\n", kRehearsedGroup, stages);
    const int mended = rehearse(fleet, "hardware = \"any\"\n", options);
    const bool as_claimed = bad == 1 && stopped.touched < stopped.nodes &&
                            stopped.rolled_back > 0 && mended == 0 &&
                            fleet.count() == RehearsalCount{nodes, nodes, nodes, 0};
    fmt::print("\n{}\n", as_claimed ? "stopped, and mended" : "NOT as claimed");
    return as_claimed ? 0 : 1;
}

}  // namespace
}  // namespace cxedge::test

int main(int argc, char** argv) try {
    CLI::App app{"A staged roll-out over many nodes on this machine, with one bad group"};
    std::size_t nodes = 500;
    std::string stages = "1,10,50,100";
    app.add_option("--nodes", nodes, "How many")->capture_default_str();
    app.add_option("--stages", stages, "As cxctl push takes them")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return cxedge::test::rehearsed(nodes, stages);
} catch (const std::exception& error) {
    std::cerr << "rehearsal: " << error.what() << '\n';
    return 1;
}
