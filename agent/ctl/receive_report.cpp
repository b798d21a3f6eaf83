// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/receive_report.hpp"

#include <iterator>
#include <map>

#include <fmt/core.h>

namespace cxedge::ctl {
namespace {

std::string node_name(const LaneKey& key) {
    return key.tenant + "/" + key.site + "/" + key.node;
}

struct NodeTotals {
    Counts received;
    std::uint64_t duplicates = 0;
    std::uint64_t gaps = 0;
    std::uint64_t in_gaps = 0;
    std::uint64_t dead_letters = 0;
    std::uint64_t in_dead_letters = 0;
    std::uint64_t unreadable = 0;
};

void add(NodeTotals& node, const LaneTotals& lane) {
    node.received.samples += lane.samples;
    node.received.events += lane.events;
    node.duplicates += lane.duplicate_batches;
    node.gaps += lane.gaps;
    node.in_gaps += lane.in_gaps.samples;
    node.dead_letters += lane.dead_letters;
    node.in_dead_letters += lane.in_dead_letters.samples;
    node.unreadable += lane.unreadable.samples;
}

// What arrived and could not be read is no less received than a dead letter: it has its column.
std::string equation_row(const LaneKey& key, const LaneTotals& lane) {
    const auto row = [&](std::string_view what,
                         std::uint64_t received,
                         std::uint64_t gaps,
                         std::uint64_t dead,
                         std::uint64_t unreadable) {
        return fmt::format(
            "{:<32} {:016x} {:<8} {:<8} {:>12} {:>10} {:>10} {:>10} {:>12}\n",
            node_name(key),
            key.epoch,
            to_string(static_cast<Lane>(key.lane)),
            what,
            received,
            gaps,
            dead,
            unreadable,
            received + gaps + dead + unreadable
        );
    };
    return row("samples",
               lane.samples,
               lane.in_gaps.samples,
               lane.in_dead_letters.samples,
               lane.unreadable.samples) +
           row("events",
               lane.events,
               lane.in_gaps.events,
               lane.in_dead_letters.events,
               lane.unreadable.events);
}

}  // namespace

std::vector<std::string> node_report(const Lanes& lanes) {
    std::map<std::string, NodeTotals> nodes;
    for (const auto& [key, account] : lanes) {
        add(nodes[node_name(key)], account.totals());
    }
    std::vector<std::string> lines;
    lines.reserve(nodes.size());
    for (const auto& [name, node] : nodes) {
        lines.push_back(fmt::format(
            "{}: {} samples and {} events received, {} duplicate batches, {} gaps ({} samples), {} "
            "dead letters ({} samples), {} samples unreadable",
            name,
            node.received.samples,
            node.received.events,
            node.duplicates,
            node.gaps,
            node.in_gaps,
            node.dead_letters,
            node.in_dead_letters,
            node.unreadable
        ));
    }
    return lines;
}

std::string equation_table(const Lanes& lanes) {
    std::string table = fmt::format(
        "{:<32} {:<16} {:<8} {:<8} {:>12} {:>10} {:>10} {:>10} {:>12}\n",
        "NODE",
        "EPOCH",
        "LANE",
        "WHAT",
        "RECEIVED",
        "+ GAPS",
        "+ DEAD",
        "+ BROKEN",
        "= PRODUCED"
    );
    for (const auto& [key, account] : lanes) {
        table += equation_row(key, account.totals());
    }
    return table;
}

}  // namespace cxedge::ctl
