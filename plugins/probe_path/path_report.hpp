// SPDX-License-Identifier: Apache-2.0
// What a trace found, as figures, facts and an event. Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_path/path_memory.hpp"
#include "plugins/probe_path/path_tracer.hpp"

namespace cxedge::plugins {

struct PathOutcome {
    probes::ProbeResult result = probes::ProbeResult::ok;
    std::string step;
    std::string detail;
    std::vector<TracedHop> hops;
    PathWord end = PathWord::hop;
    std::optional<PathMemory::Change> change;
    std::optional<int> mtu;  // bytes
    std::string mtu_remark;  // why there is none, or what is wrong with it
};

struct PathReport {
    std::string target;
    std::string address;  // that was traced; empty: none was found
    int first_hop = 1;
    bool per_hop = false;
    bool mtu = false;  // is asked for
};

// net.path.hops, net.path.changes, net.path.mtu if asked for, net.path.rtt of each hop of the way
// as it is known, if asked for.
probes::Finding path_finding(
    const PathReport& report, const PathOutcome& outcome, const PathMemory& memory
);

}  // namespace cxedge::plugins
