// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_report.hpp"

#include <algorithm>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;

Figure path_figure(const char* metric, Kind kind, const char* unit) {
    return {{{metric, {}}, kind, unit, {}, 0}, {}};
}

Figure hops_figure(const PathOutcome& outcome) {
    Figure hops = path_figure("net.path.hops", Kind::gauge, "{hop}");
    if (outcome.end == PathWord::reached && !outcome.hops.empty()) {
        hops.values.push_back(outcome.hops.back().ttl);
    }
    return hops;
}

Figure changes_figure(const PathMemory& memory) {
    Figure changes = path_figure("net.path.changes", Kind::counter, "{change}");
    changes.values.push_back(static_cast<double>(memory.changes()));
    return changes;
}

Figure mtu_figure(const PathOutcome& outcome) {
    Figure mtu = path_figure("net.path.mtu", Kind::gauge, "By");
    if (outcome.mtu) {
        mtu.values.push_back(*outcome.mtu);
    }
    return mtu;
}

void add_round_trips(const TracedHop& hop, std::vector<double>& values) {
    for (const std::optional<HopAnswer>& each : hop.tries) {
        if (each) {
            values.push_back(each->rtt_s);
        }
    }
}

Figure rtt_figure(const PathOutcome& outcome, int ttl) {
    Figure rtt = path_figure("net.path.rtt", Kind::histogram, "s");
    rtt.info.key.dims = {{"hop", std::to_string(ttl)}};
    for (const TracedHop& hop : outcome.hops) {
        if (hop.ttl == ttl) {
            add_round_trips(hop, rtt.values);
        }
    }
    return rtt;
}

// A hop that is known and did not answer is a loss; behind the end of the way nothing was due.
void add_rtt_figures(
    Finding& finding, const PathReport& report, const PathOutcome& outcome, const PathMemory& memory
) {
    const int known = report.first_hop - 1 + static_cast<int>(memory.path().hops.size());
    const int seen = outcome.hops.empty() ? 0 : outcome.hops.back().ttl;
    for (int ttl = report.first_hop; ttl <= std::max(known, seen); ++ttl) {
        finding.figures.push_back(rtt_figure(outcome, ttl));
    }
}

// "10.0.0.1  1.2 ms  1.1 ms  *", as traceroute writes it.
std::string hop_line(const TracedHop& hop) {
    std::string line;
    std::string before;
    for (const std::optional<HopAnswer>& each : hop.tries) {
        if (!each) {
            line += "  *";
            continue;
        }
        if (each->from != before) {
            line += "  " + each->from;
            before = each->from;
        }
        line += fmt::format("  {:.3f} ms", each->rtt_s * 1e3);
        const std::string mark = path_mark(each->word);
        line += mark.empty() ? "" : " " + mark;
    }
    return line.substr(std::min<std::size_t>(line.size(), 2));
}

std::string mtu_fact(const PathOutcome& outcome) {
    if (!outcome.mtu) {
        return outcome.mtu_remark;
    }
    return outcome.mtu_remark.empty()
               ? fmt::format("{} bytes", *outcome.mtu)
               : fmt::format("{} bytes: {}", *outcome.mtu, outcome.mtu_remark);
}

void add_facts(
    Finding& finding, const PathReport& report, const PathOutcome& outcome, const PathMemory& memory
) {
    if (!report.address.empty()) {
        finding.facts.emplace_back("address", report.address);
    }
    for (const TracedHop& hop : outcome.hops) {
        finding.facts.emplace_back(fmt::format("hop {}", hop.ttl), hop_line(hop));
    }
    if (!memory.path().hops.empty()) {
        finding.facts.emplace_back("path hash", memory.hash());
    }
    if (report.mtu && !mtu_fact(outcome).empty()) {
        finding.facts.emplace_back("path mtu", mtu_fact(outcome));
    }
}

std::string known_or(const std::string& address) {
    return address.empty() ? "nothing" : address;
}

Event change_event(
    const PathReport& report, const PathOutcome& outcome, const PathMemory::Change& change
) {
    const int hop = report.first_hop + static_cast<int>(change.hop);
    const int hops = outcome.hops.empty() ? 0 : outcome.hops.back().ttl;
    Event event;
    event.name = "net.path.change";
    event.subject = report.target;
    event.text = fmt::format(
        "the way to {} is another one from hop {} on: {} instead of {}",
        report.target,
        hop,
        known_or(change.new_address),
        known_or(change.old_address)
    );
    event.attrs = {
        {"hop", std::to_string(hop)},
        {"hops", std::to_string(hops)},
        {"new_address", change.new_address},
        {"new_hash", change.new_hash},
        {"old_address", change.old_address},
        {"old_hash", change.old_hash}};
    return event;
}

}  // namespace

Finding path_finding(
    const PathReport& report, const PathOutcome& outcome, const PathMemory& memory
) {
    Finding finding;
    finding.result = outcome.result;
    finding.step = outcome.step;
    finding.detail = outcome.detail;
    finding.figures = {hops_figure(outcome), changes_figure(memory)};
    if (report.mtu) {
        finding.figures.push_back(mtu_figure(outcome));
    }
    if (report.per_hop) {
        add_rtt_figures(finding, report, outcome, memory);
    }
    add_facts(finding, report, outcome, memory);
    if (outcome.change) {
        finding.events.push_back(change_event(report, outcome, *outcome.change));
    }
    return finding;
}

}  // namespace cxedge::plugins
