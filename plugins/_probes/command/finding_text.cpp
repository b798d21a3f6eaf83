// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/command/finding_text.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/base/printable.hpp"

namespace cxedge::probes {
namespace {

using Json = nlohmann::json;

std::string scaled(double value, const char* small, const char* middle, const char* large) {
    const double size = std::abs(value);
    if (size >= 1e9) {
        return fmt::format("{:.3g} G{}", value / 1e9, large);
    }
    if (size >= 1e6) {
        return fmt::format("{:.3g} M{}", value / 1e6, middle);
    }
    return size >= 1e3 ? fmt::format("{:.3g} k{}", value / 1e3, small)
                       : fmt::format("{:g} {}", value, small);
}

std::string seconds(double value) {
    const double size = std::abs(value);
    if (size >= 86'400) {
        return fmt::format("{:.1f} days", value / 86'400);
    }
    if (size >= 1 || size == 0) {
        return fmt::format("{:.3f} s", value);
    }
    return size >= 1e-3 ? fmt::format("{:.3f} ms", value * 1e3)
                        : fmt::format("{:.1f} us", value * 1e6);
}

std::string one(const SeriesInfo& info, double value) {
    if (info.kind == Kind::state) {
        const auto index = static_cast<std::size_t>(value);
        return index < info.states.size() ? info.states[index] : fmt::format("{:g}", value);
    }
    if (info.unit == "s") {
        return seconds(value);
    }
    if (info.unit == "bit/s") {
        return scaled(value, "bit/s", "bit/s", "bit/s");
    }
    if (info.unit == "By") {
        return scaled(value, "B", "B", "B");
    }
    return info.unit == "1" || info.unit.empty() || info.unit.front() == '{'
               ? fmt::format("{:g}", value)
               : fmt::format("{:g} {}", value, info.unit);
}

double quantile(const std::vector<double>& sorted, double q) {
    const auto last = static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(std::lround(last * q))];
}

std::string values_text(const Figure& figure) {
    if (figure.values.empty()) {
        return "lost";
    }
    if (figure.values.size() == 1) {
        return one(figure.info, figure.values.front());
    }
    std::vector<double> sorted = figure.values;
    std::sort(sorted.begin(), sorted.end());
    return fmt::format(
        "min {}  median {}  p95 {}  max {}  ({} values)",
        one(figure.info, sorted.front()),
        one(figure.info, quantile(sorted, 0.5)),
        one(figure.info, quantile(sorted, 0.95)),
        one(figure.info, sorted.back()),
        sorted.size()
    );
}

Json figure_json(const Figure& figure) {
    Json dims = Json::object();
    for (const Dimension& dim : figure.info.key.dims) {
        dims[dim.key] = dim.value;
    }
    Json out{
        {"metric", figure.info.key.metric},
        {"kind", std::string(to_string(figure.info.kind))},
        {"unit", figure.info.unit},
        {"dims", std::move(dims)},
        {"values", figure.values}};
    if (figure.info.kind == Kind::state && figure.values.size() == 1) {
        out["state"] = one(figure.info, figure.values.front());
    }
    return out;
}

Json event_json(const Event& event) {
    Json attrs = Json::object();
    for (const Dimension& attr : event.attrs) {
        attrs[attr.key] = attr.value;
    }
    return {
        {"event", event.name},
        {"severity", std::string(to_string(event.severity))},
        {"state", std::string(to_string(event.state))},
        {"text", event.text},
        {"attrs", std::move(attrs)}};
}

std::string verdict(const Told& told) {
    const Finding& finding = told.finding;
    std::string text = fmt::format("{} {}: {}", told.type, told.target, to_string(finding.result));
    if (!finding.step.empty()) {
        text += " (at " + finding.step + ")";
    }
    if (!finding.detail.empty()) {
        text += ": " + printable(finding.detail);
    }
    return text + "\n";
}

}  // namespace

std::string finding_text(const Told& told) {
    std::string text = verdict(told);
    for (const Figure& figure : told.finding.figures) {
        text += fmt::format("  {:<40} {}\n", to_string(figure.info.key), values_text(figure));
    }
    for (const auto& [name, fact] : told.finding.facts) {
        text += fmt::format("  {:<40} {}\n", printable(name), printable(fact));
    }
    for (const Event& event : told.finding.events) {
        text += fmt::format("  event {}: {}\n", event.name, printable(event.text));
    }
    return text + fmt::format(
                      "  took {}, {} on the network in {} packets\n",
                      seconds(static_cast<double>(told.took.count()) / 1000),
                      scaled(static_cast<double>(told.used.bytes), "B", "B", "B"),
                      told.used.packets
                  );
}

std::string finding_json(const Told& told) {
    Json figures = Json::array();
    for (const Figure& figure : told.finding.figures) {
        figures.push_back(figure_json(figure));
    }
    Json facts = Json::object();
    for (const auto& [name, fact] : told.finding.facts) {
        facts[name] = fact;
    }
    Json events = Json::array();
    for (const Event& event : told.finding.events) {
        events.push_back(event_json(event));
    }
    const Json out{
        {"type", told.type},
        {"target", told.target},
        {"result", std::string(to_string(told.finding.result))},
        {"step", told.finding.step},
        {"detail", told.finding.detail},
        {"figures", std::move(figures)},
        {"facts", std::move(facts)},
        {"events", std::move(events)},
        {"took_ms", told.took.count()},
        {"bytes", told.used.bytes},
        {"packets", told.used.packets}};
    return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cxedge::probes
