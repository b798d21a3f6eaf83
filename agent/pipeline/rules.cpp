// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/rules.hpp"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "agent/base/glob.hpp"

namespace cxedge::pipeline {
namespace {

// The agent's own metrics: one value a heartbeat, nothing to aggregate.
constexpr std::string_view kOwnPrefix = "agent.";

bool where_matches(const Rule& rule, const SeriesKey& key) {
    return std::all_of(rule.where.begin(), rule.where.end(), [&](const Dimension& wanted) {
        return std::any_of(key.dims.begin(), key.dims.end(), [&](const Dimension& dim) {
            return dim.key == wanted.key && glob_matches(wanted.value, dim.value);
        });
    });
}

// Settings that a rule has decided so far; later rules fill only what is still open.
struct Decided {
    std::optional<Keep> keep;
    std::optional<std::chrono::milliseconds> window;
    std::optional<std::chrono::milliseconds> stale;
    std::optional<std::chrono::milliseconds> stuck;
    std::optional<Stream> stream;
    std::vector<GaugeStat> stats;
    std::string unit;
    std::vector<Dimension> labels;
};

void decide_times(const Rule& rule, Decided& decided) {
    if (!decided.window && rule.window.count() > 0) {
        decided.window = rule.window;
    }
    if (!decided.stale && rule.stale.count() > 0) {
        decided.stale = rule.stale;
    }
    if (!decided.stuck && rule.stuck.count() > 0) {
        decided.stuck = rule.stuck;
    }
}

void decide_labels(const Rule& rule, Decided& decided) {
    for (const Dimension& label : rule.labels) {
        const bool taken =
            std::any_of(decided.labels.begin(), decided.labels.end(), [&](const auto& dim) {
                return dim.key == label.key;
            });
        if (!taken) {
            decided.labels.push_back(label);
        }
    }
}

void decide(const Rule& rule, Decided& decided) {
    if (!decided.keep && rule.has_keep) {
        decided.keep = rule.keep;
    }
    if (!decided.stream && rule.has_stream) {
        decided.stream = rule.stream;
    }
    if (decided.stats.empty()) {
        decided.stats = rule.stats;
    }
    if (decided.unit.empty()) {
        decided.unit = rule.unit;
    }
    decide_times(rule, decided);
    decide_labels(rule, decided);
}

Decided decide_all(const SeriesInfo& info, const std::vector<Rule>& rules) {
    Decided decided;
    for (const Rule& rule : rules) {
        if (glob_matches(rule.match, info.key.metric) && where_matches(rule, info.key)) {
            decide(rule, decided);
        }
    }
    return decided;
}

Result<std::string> unit_for(
    const SeriesInfo& info, const Decided& decided, const Catalogue& catalogue
) {
    const std::string& metric = info.key.metric;
    const auto known = catalogue.find(metric);
    if (known == catalogue.end()) {
        if (decided.unit.empty()) {
            return invalid_argument(fmt::format(
                "{}: not in the metric catalogue; declare it: [[rule]] match = \"{}\" unit = "
                "\"...\"",
                metric,
                metric
            ));
        }
        return decided.unit;
    }
    const CatalogueEntry& entry = known->second;
    if (!kind_fits(entry.kind, info.kind)) {
        return invalid_argument(fmt::format(
            "{}: is a {}, the catalogue says {}",
            metric,
            to_string(info.kind),
            to_string(entry.kind)
        ));
    }
    for (const std::string& unit : {info.unit, decided.unit}) {
        if (!unit.empty() && unit != entry.unit) {
            return invalid_argument(
                fmt::format("{}: unit \"{}\", the catalogue says \"{}\"", metric, unit, entry.unit)
            );
        }
    }
    return entry.unit;
}

}  // namespace

Result<Plan> plan_for(const SeriesInfo& info, const PipelineOptions& options) {
    Decided decided = decide_all(info, options.rules);
    Result<std::string> unit = unit_for(info, decided, options.catalogue);
    if (!unit) {
        return unit.error();
    }
    const bool own = info.key.metric.starts_with(kOwnPrefix);
    Plan plan;
    plan.keep = decided.keep.value_or(own ? Keep::raw : Keep::window);
    plan.window = decided.window.value_or(options.window);
    plan.stale = decided.stale.value_or(options.stale);
    plan.stuck = decided.stuck.value_or(std::chrono::milliseconds(0));
    plan.stream = decided.stream.value_or(own ? Stream::health : Stream::kpi);
    plan.unit = std::move(*unit);
    plan.labels = std::move(decided.labels);
    if (!decided.stats.empty()) {
        plan.stats = std::move(decided.stats);
    }
    return plan;
}

}  // namespace cxedge::pipeline
