// SPDX-License-Identifier: Apache-2.0
// One line measured: the idle round trip, then each direction. Thread: the loop's.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/probe_throughput/load.hpp"
#include "plugins/probe_throughput/rtt_watch.hpp"
#include "plugins/probe_throughput/throughput_figures.hpp"
#include "plugins/probe_throughput/throughput_settings.hpp"

namespace cxedge::plugins::throughput {

class ThroughputRun final : public probes::ProbeRun {
public:
    // `rtt`: null: the round trip is not asked for. All of these outlive it.
    ThroughputRun(
        const ThroughputSettings& settings,
        std::string address,
        RttProbe* rtt,
        const probes::ProbeContext& context
    );
    void begin(Done done) override;

private:
    void watch(std::function<bool()> counts);
    void measured_idle();
    void next();
    void load(Way way);
    std::unique_ptr<Flow> make_flow(Way way, std::uint64_t bytes, Flow::Events events);
    [[nodiscard]] probes::FetchRequest request(Way way, std::uint64_t bytes) const;
    void loaded(LoadOutcome outcome);
    void await_replies();
    void end(FlowEnd how);
    [[nodiscard]] LoadRules rules() const;
    [[nodiscard]] std::string rtt_host() const;
    [[nodiscard]] std::chrono::milliseconds time_left() const;
    void keep_values();

    const ThroughputSettings& settings_;
    std::string address_;
    RttProbe* rtt_;
    const probes::ProbeContext& context_;
    Done done_;
    std::deque<Way> ahead_;
    std::vector<Measured> measured_;  // the last is the one under way
    std::vector<double> idle_rtt_;
    std::string rtt_problem_;  // why round trips are missing
    FlowEnd worst_;            // the first that was not ok
    std::unique_ptr<RttWatch> watch_;
    SteadyTime begun_{};
    SteadyTime wait_until_{};
    LoopHandle timer_;
    LoopHandle watchdog_;
    std::optional<probes::FetchPool> pool_;
    std::unique_ptr<Load> load_;  // goes before the pool
};

}  // namespace cxedge::plugins::throughput
