// SPDX-License-Identifier: Apache-2.0
// The round trip at ten times a second, as long as somebody wants to know: short runs of another
// probe, one after the other, without waiting for the last replies of the one before. Thread: the
// loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"

namespace cxedge::plugins::throughput {

// A probe that measures round trips, and what it calls them.
struct RttProbe {
    std::unique_ptr<probes::ProbeSource> source;
    std::string metric;
};
// `by`: icmp or stamp; ten packets a second, in runs of two.
RttProbe make_rtt_probe(const std::string& by, const probes::ProbeSettings& like);

class RttWatch {
public:
    // Both outlive it; the source is open.
    RttWatch(RttProbe& probe, const std::string& host, probes::ProbeContext context);
    RttWatch(const RttWatch&) = delete;
    RttWatch& operator=(const RttWatch&) = delete;
    ~RttWatch() = default;

    // From now on, until end(). A run counts if `counts` says so when it begins and when its last
    // packet has gone.
    void begin(std::function<bool()> counts);
    // No more runs; those under way go on. Replies that never come are waited for.
    void end();
    [[nodiscard]] bool idle() const { return runs_.empty(); }
    // Seconds, of all that counted.
    [[nodiscard]] const std::vector<double>& values() const { return values_; }
    // Why the latest run that failed did; empty: none failed.
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    struct Run {
        std::unique_ptr<probes::ProbeRun> run;
        bool counts = false;
        bool over = false;
    };
    void start_run();
    void close_last();
    void take(Run& run, const probes::Finding& finding);

    RttProbe& probe_;
    probes::Target target_;
    probes::ProbeContext context_;
    std::function<bool()> counts_;
    std::vector<std::shared_ptr<Run>> runs_;
    std::vector<double> values_;
    std::string problem_;
    LoopHandle ticks_;
};

}  // namespace cxedge::plugins::throughput
