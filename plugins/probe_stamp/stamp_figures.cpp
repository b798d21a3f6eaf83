// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_stamp/stamp_figures.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;
using probes::StampLoss;
using probes::StampOutcome;
using probes::StampWay;

constexpr double kMsPerSecond = 1e3;

Figure times_figure(const char* metric, std::vector<double> values) {
    Figure figure = probes::stamp_figure(metric, Kind::histogram, "s");
    figure.values = std::move(values);
    return figure;
}

Figure way_figure(const char* metric, StampWay way, std::vector<double> values) {
    Figure figure = times_figure(metric, std::move(values));
    figure.info.key.dims = {{"dir", to_string(way)}};
    return figure;
}

// Nothing sent is nothing measured, also where it is a count.
Figure count_figure(const char* metric, const StampLoss& loss, std::optional<std::uint64_t> count) {
    Figure figure = probes::stamp_figure(metric, Kind::delta, "{packet}");
    if (loss.sent != 0 && count) {
        figure.values.push_back(static_cast<double>(*count));
    }
    return figure;
}

Figure lost_figure(StampWay way, const StampLoss& loss, std::optional<std::uint64_t> count) {
    Figure figure = count_figure("net.udp.lost", loss, count);
    figure.info.key.dims = {{"dir", to_string(way)}};
    return figure;
}

std::string direction_problem(const probes::StampRecord& record) {
    if (!record.slots.back().answer) {
        return "the last packets were not answered";
    }
    return stamp_counts(record) ? "the reflector's numbers are not of this test alone"
                                : "the reflector has no numbers of its own";
}

void add_counts(const StampOutcome& outcome, Finding& finding) {
    const StampLoss loss = stamp_loss(outcome.record);
    finding.figures.push_back(count_figure("net.udp.sent", loss, loss.sent));
    finding.figures.push_back(lost_figure(StampWay::forward, loss, loss.forward));
    finding.figures.push_back(lost_figure(StampWay::backward, loss, loss.backward));
    finding.figures.push_back(lost_figure(StampWay::round_trip, loss, loss.lost));
    finding.figures.push_back(count_figure("net.udp.duplicates", loss, loss.duplicates));
    finding.figures.push_back(count_figure("net.udp.reordered", loss, outcome.record.reordered));
    if (loss.lost != 0 && !loss.forward) {
        finding.facts.emplace_back(
            "direction of loss", "not known: " + direction_problem(outcome.record)
        );
    }
}

// Never clamped: a negative delay says that a clock is wronger than it says.
void remark_negative(Finding& finding) {
    double least = 0;
    for (const Figure& figure : finding.figures) {
        if (figure.info.key.metric == "net.udp.owd" && !figure.values.empty()) {
            least = std::min(least, *std::min_element(figure.values.begin(), figure.values.end()));
        }
    }
    if (least < 0) {
        finding.detail += finding.detail.empty() ? "" : "; ";
        finding.detail += fmt::format(
            "a one-way delay is negative ({:.3f} ms): a clock is wronger than it says",
            least * kMsPerSecond
        );
    }
}

void add_one_way(
    const StampOutcome& outcome, const KernelClock& own, double max_error_ms, Finding& finding
) {
    const std::string problem = probes::stamp_owd_problem(outcome, own, max_error_ms);
    for (const StampWay way : {StampWay::forward, StampWay::backward}) {
        finding.figures.push_back(way_figure(
            "net.udp.owd",
            way,
            problem.empty() ? stamp_delays(outcome.record, way) : std::vector<double>()
        ));
    }
    finding.facts.emplace_back(
        "one-way delay", problem.empty() ? "both clocks are good enough" : "not told: " + problem
    );
    remark_negative(finding);
}

}  // namespace

Finding stamp_figures(
    const StampOutcome& outcome, const KernelClock& own, double owd_max_error_ms
) {
    Finding finding = stamp_finding(outcome);
    const probes::StampRecord none;
    const probes::StampRecord& timed = outcome.clock_stepped ? none : outcome.record;
    finding.figures.push_back(times_figure("net.udp.rtt", stamp_delays(timed, StampWay::round_trip))
    );
    finding.figures.push_back(times_figure("net.udp.dwell", stamp_dwells(timed)));
    for (const StampWay way : {StampWay::forward, StampWay::backward}) {
        finding.figures.push_back(way_figure("net.udp.ipdv", way, stamp_ipdv(timed, way)));
    }
    add_counts(outcome, finding);
    add_one_way(outcome, own, owd_max_error_ms, finding);
    return finding;
}

}  // namespace cxedge::plugins
