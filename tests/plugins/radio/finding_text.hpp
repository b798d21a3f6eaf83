// SPDX-License-Identifier: Apache-2.0
// Findings as texts, for comparisons and for what must not be in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "tests/support/probe_lab.hpp"

namespace cxedge::test {

// The one value of a figure; nothing: a loss.
inline std::optional<double> value(
    const probes::Finding& finding, const std::string& metric, const std::string& dim = {}
) {
    const std::vector<double>& values = figure(finding, metric, dim).values;
    return values.empty() ? std::nullopt : std::optional(values.at(0));
}

inline std::vector<std::string> series_of(const probes::Finding& finding) {
    std::vector<std::string> all;
    for (const probes::Figure& figure : finding.figures) {
        all.push_back(to_string(figure.info.key));
    }
    return all;
}

// Everything that a finding says.
inline std::string text_of(const probes::Finding& finding) {
    std::string text =
        fmt::format("{} {} {}\n", probes::to_string(finding.result), finding.step, finding.detail);
    for (const probes::Figure& figure : finding.figures) {
        text += fmt::format(
            "{} {}\n",
            to_string(figure.info.key),
            figure.values.empty() ? "lost" : fmt::format("{}", figure.values[0])
        );
    }
    for (const auto& [name, what] : finding.facts) {
        text += fmt::format("{}: {}\n", name, what);
    }
    for (const Event& event : finding.events) {
        text += fmt::format("{} {} {}\n", event.name, event.subject, event.text);
        for (const Dimension& attr : event.attrs) {
            text += fmt::format("  {}={}\n", attr.key, attr.value);
        }
    }
    return text;
}

}  // namespace cxedge::test
