// SPDX-License-Identifier: Apache-2.0
// Downloads over and over on a month's budget: throughput_spender DIRECTORY URL BYTES. Prints what
// each run found, and ends when the budget is spent.
#include <chrono>
#include <iostream>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/base/event_loop.hpp"
#include "agent/config/load.hpp"

#include "plugins/probe_throughput/probe_throughput.hpp"

namespace {

using namespace cxedge;

SettingsNode settings_for(const std::string& url, SettingsProblems& problems) {
    const std::string text = "targets = \"" + url + "\"\nrtt_by = \"none\"\nmax_mib = 8\n";
    return config::parse_toml(text, "spender", "site", problems);
}

probes::ProbeResult run_once(
    plugins::ProbeThroughput& source,
    const std::string& url,
    EventLoop& loop,
    const probes::ProbeContext& context
) {
    probes::ProbeResult result = probes::ProbeResult::ok;
    const auto run = source.make_run({"t", url}, context);
    run->begin([&](const probes::Finding& finding) {
        result = finding.result;
        std::cout << probes::to_string(result) << " " << finding.detail << std::endl;
        loop.stop();
    });
    loop.run();
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return 2;
    }
    const std::string url = argv[2];
    EventLoop loop;
    SystemClock clock;
    probes::Resolver resolver(loop);
    probes::BudgetLimits limits;
    limits.test_bytes = std::stoull(argv[3]);
    probes::Meter meter(argv[1], "wan0", "speed", limits, clock);
    const probes::ProbeContext context{loop, clock, resolver, meter, "", std::chrono::seconds(60)};
    plugins::ProbeThroughput source;
    SettingsProblems problems;
    source.init(settings_for(url, problems), problems);
    if (!problems.empty() || !source.open(context)) {
        return 2;
    }
    std::cout << "ready" << std::endl;
    while (run_once(source, url, loop, context) == probes::ProbeResult::ok) {
    }
    return 0;
}
