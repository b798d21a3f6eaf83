// SPDX-License-Identifier: Apache-2.0
// What a measured line is told as. Pure. Thread: any.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_throughput/load.hpp"

namespace cxedge::plugins::throughput {

// "down", "up": dimension `dir`.
std::string_view to_string(Way way);

// One direction; no outcome: it was not reached.
struct Measured {
    Way way = Way::down;
    std::optional<LoadOutcome> outcome;
    std::vector<double> rtt;  // seconds, under load
};

// Nothing: too few values for a median of sense on either side.
std::optional<double> bufferbloat(
    const std::vector<double>& idle_rtt, const std::vector<double>& loaded_rtt
);

// Of one direction, the same series whatever happened.
void add_figures(
    const Measured& measured,
    const std::vector<double>& idle_rtt,
    bool with_rtt,
    probes::Finding& finding
);

}  // namespace cxedge::plugins::throughput
