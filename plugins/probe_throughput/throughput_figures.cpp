// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/throughput_figures.hpp"

#include <string>

#include <fmt/core.h>

namespace cxedge::plugins::throughput {
namespace {

constexpr std::size_t kFewestRtts = 3;

probes::Figure way_figure(
    const char* metric, Kind kind, const char* unit, Way way, std::optional<double> value
) {
    probes::Figure figure;
    figure.info.key = {metric, {{"dir", std::string(to_string(way))}}};
    figure.info.kind = kind;
    figure.info.unit = unit;
    if (value) {
        figure.values.push_back(*value);
    }
    return figure;
}

void add_facts(const Measured& measured, probes::Finding& finding) {
    const LoadOutcome& outcome = *measured.outcome;
    const std::string way(to_string(measured.way));
    if (!outcome.address.empty()) {
        finding.facts.emplace_back(way + " server", outcome.address);
    }
    finding.facts.emplace_back(way + " ended by", outcome.stopped_by);
    if (outcome.counted) {
        finding.facts.emplace_back(
            way + " counted",
            fmt::format(
                "{} of {} bytes in {:.2f} s",
                outcome.counted->bytes,
                outcome.bytes,
                outcome.counted->to_s - outcome.counted->from_s
            )
        );
    }
    if (const auto rtt = median(measured.rtt)) {
        finding.facts.emplace_back(way + " round trip", fmt::format("{:.1f} ms", *rtt * 1e3));
    }
}

}  // namespace

std::string_view to_string(Way way) {
    return way == Way::down ? "down" : "up";
}

std::optional<double> bufferbloat(
    const std::vector<double>& idle_rtt, const std::vector<double>& loaded_rtt
) {
    if (idle_rtt.size() < kFewestRtts || loaded_rtt.size() < kFewestRtts) {
        return std::nullopt;
    }
    return *median(loaded_rtt) - *median(idle_rtt);
}

void add_figures(
    const Measured& measured,
    const std::vector<double>& idle_rtt,
    bool with_rtt,
    probes::Finding& finding
) {
    std::optional<double> rate;
    std::optional<double> bytes;
    std::optional<double> retransmits;
    if (measured.outcome) {
        const bool good = measured.outcome->end.result == probes::ProbeResult::ok;
        const auto& counted = measured.outcome->counted;
        rate = good && counted ? std::optional(counted->bits_per_s()) : std::nullopt;
        bytes = static_cast<double>(measured.outcome->bytes);
        retransmits = good ? std::optional<double>(measured.outcome->retransmits) : std::nullopt;
        add_facts(measured, finding);
    }
    const auto add = [&](const char* metric, Kind kind, const char* unit, auto value) {
        finding.figures.push_back(way_figure(metric, kind, unit, measured.way, value));
    };
    add("net.throughput", Kind::gauge, "bit/s", rate);
    add("net.throughput.bytes", Kind::delta, "By", bytes);
    add("net.tcp.retransmits", Kind::delta, "{segment}", retransmits);
    if (with_rtt) {
        add("net.bufferbloat", Kind::gauge, "s", bufferbloat(idle_rtt, measured.rtt));
    }
}

}  // namespace cxedge::plugins::throughput
