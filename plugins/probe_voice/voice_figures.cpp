// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_voice/voice_figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;
using probes::StampOutcome;
using probes::StampPassage;
using probes::StampRecord;
using probes::StampWay;

constexpr std::array<StampWay, 3> kVoiceWays{
    StampWay::forward, StampWay::backward, StampWay::round_trip};
constexpr double kPdvShare = 0.95;
constexpr double kMs = 1e3;

// What the E-model says of one direction.
struct Call {
    double r = kBestR;
    double delay_s = 0;
};

double middle_of(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double earliest_of(const std::vector<StampPassage>& passages) {
    double earliest = HUGE_VAL;
    for (const StampPassage& passage : passages) {
        earliest = std::min(earliest, passage.delay_s.value_or(HUGE_VAL));
    }
    return earliest;
}

bool directions_known(const StampOutcome& outcome) {
    return stamp_loss(outcome.record).forward.has_value();
}

// A clock that was set makes packets late that were not; so does a reflector whose times are wrong.
bool times_usable(const StampOutcome& outcome) {
    return !outcome.clock_stepped && !probes::stamp_times_problem(outcome);
}

// Nothing: not to be known.
std::optional<VoiceWay> way_of(const StampOutcome& outcome, StampWay way, double buffer_s) {
    const bool known = way == StampWay::round_trip || directions_known(outcome);
    return known && !outcome.record.slots.empty()
               ? std::optional(voice_way(stamp_passages(outcome.record, way), buffer_s))
               : std::nullopt;
}

// Half the round trip where the clocks cannot say more.
double delay_of(const StampOutcome& outcome, StampWay way, bool clocks_good) {
    if (clocks_good && way != StampWay::round_trip) {
        return middle_of(stamp_delays(outcome.record, way));
    }
    return middle_of(stamp_delays(outcome.record, StampWay::round_trip)) / 2;
}

// The worse of what the two ends hear; of the round trip where directions are not known. Nothing
// without times.
std::optional<Call> worst_call(
    const StampOutcome& outcome, const VoiceRules& rules, bool clocks_good
) {
    if (!times_usable(outcome) || stamp_delays(outcome.record, StampWay::round_trip).empty()) {
        return std::nullopt;
    }
    std::optional<Call> worst;
    const bool known = directions_known(outcome);
    for (const StampWay way : kVoiceWays) {
        const std::optional<VoiceWay> heard = way_of(outcome, way, rules.jitter_buffer_s);
        if (!heard || (known == (way == StampWay::round_trip))) {
            continue;
        }
        const double delay_s = delay_of(outcome, way, clocks_good);
        const double ear_ms = (delay_s + rules.terminal_delay_s) * kMs;
        const double r =
            e_model_r(rules.codec, ear_ms, heard->loss(), heard->burst_ratio.value_or(1));
        if (!worst || r < worst->r) {
            worst = Call{r, delay_s};
        }
    }
    return worst;
}

Figure voice_figure(const char* metric, Kind kind, const char* unit, std::optional<double> value) {
    Figure figure = probes::stamp_figure(metric, kind, unit);
    if (value) {
        figure.values.push_back(*value);
    }
    return figure;
}

Figure in_direction(Figure figure, StampWay way) {
    figure.info.key.dims = {{"dir", to_string(way)}};
    return figure;
}

void add_call(const std::optional<Call>& call, std::string_view codec, Finding& finding) {
    Figure mos = voice_figure("kqi.voice.mos", Kind::gauge, "1", std::nullopt);
    Figure r = voice_figure("kqi.voice.r", Kind::gauge, "1", std::nullopt);
    Figure delay = voice_figure("net.voice.delay", Kind::gauge, "s", std::nullopt);
    mos.info.key.dims = r.info.key.dims = {{"codec", std::string(codec)}};
    if (call) {
        mos.values = {mos_of_r(call->r)};
        r.values = {call->r};
        delay.values = {call->delay_s};
    }
    finding.figures.push_back(std::move(mos));
    finding.figures.push_back(std::move(r));
    finding.figures.push_back(std::move(delay));
}

void add_way(const StampOutcome& outcome, StampWay way, const VoiceRules& rules, Finding& finding) {
    const std::optional<VoiceWay> heard = way_of(outcome, way, rules.jitter_buffer_s);
    const auto lost = heard ? std::optional(static_cast<double>(heard->lost)) : std::nullopt;
    const bool usable = times_usable(outcome);
    const bool timed = heard && usable;
    const auto late = timed ? std::optional(static_cast<double>(heard->late)) : std::nullopt;
    const auto pdv = usable ? voice_pdv(stamp_delays(outcome.record, way)) : std::nullopt;
    const auto bursts = timed ? heard->burst_ratio : std::nullopt;
    const auto add = [&](const char* metric, Kind kind, const char* unit, auto value) {
        finding.figures.push_back(in_direction(voice_figure(metric, kind, unit, value), way));
    };
    add("net.voice.lost", Kind::delta, "{packet}", lost);
    add("net.voice.late", Kind::delta, "{packet}", late);
    add("net.voice.pdv", Kind::gauge, "s", pdv);
    add("net.voice.burst_ratio", Kind::gauge, "1", bursts);
}

}  // namespace

VoiceWay voice_way(const std::vector<StampPassage>& passages, double jitter_buffer_s) {
    VoiceWay way;
    const double latest = earliest_of(passages) + jitter_buffer_s;
    std::size_t bursts = 0;
    bool before = false;
    way.sent = passages.size();
    for (const StampPassage& passage : passages) {
        const bool late = !passage.lost && passage.delay_s && *passage.delay_s > latest;
        const bool gone = passage.lost || late;
        way.lost += passage.lost ? 1U : 0U;
        way.late += late ? 1U : 0U;
        bursts += gone && !before ? 1U : 0U;
        before = gone;
    }
    if (bursts != 0 && way.loss() < 1) {
        // Random loss of share p comes in runs of 1 / (1 - p).
        const double length =
            static_cast<double>(way.lost + way.late) / static_cast<double>(bursts);
        way.burst_ratio = length * (1 - way.loss());
    }
    return way;
}

std::optional<double> voice_pdv(const std::vector<double>& delays) {
    if (delays.empty()) {
        return std::nullopt;
    }
    std::vector<double> sorted = delays;
    std::sort(sorted.begin(), sorted.end());
    const double rank = std::ceil(kPdvShare * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(rank) - 1] - sorted.front();
}

Finding voice_figures(
    const StampOutcome& outcome, const KernelClock& own, const VoiceRules& rules
) {
    Finding finding = stamp_finding(outcome);
    const std::string problem = probes::stamp_owd_problem(outcome, own, rules.owd_max_error_ms);
    add_call(worst_call(outcome, rules, problem.empty()), rules.codec.name, finding);
    const std::size_t sent = outcome.record.slots.size();
    finding.figures.push_back(voice_figure(
        "net.voice.sent",
        Kind::delta,
        "{packet}",
        sent != 0 ? std::optional(static_cast<double>(sent)) : std::nullopt
    ));
    for (const StampWay way : kVoiceWays) {
        add_way(outcome, way, rules, finding);
    }
    finding.facts.emplace_back(
        "delay",
        !times_usable(outcome) ? "not told: " + problem
        : problem.empty()      ? "one-way, both clocks are good enough"
                               : "half the round trip: " + problem
    );
    finding.facts.emplace_back(
        "MOS of",
        directions_known(outcome) ? "the worse direction" : "loss of both directions together"
    );
    return finding;
}

}  // namespace cxedge::plugins
