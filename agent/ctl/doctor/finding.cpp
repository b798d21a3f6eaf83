// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/finding.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "agent/base/printable.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/json_text.hpp"

namespace cxedge::ctl {
namespace {

std::string_view name_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::note:
            return "note";
        case Verdict::problem:
            return "problem";
    }
    return "problem";
}

void append_finding_field(std::string& out, std::string_view key, std::string_view text) {
    out += out.ends_with('{') ? "" : ",";
    append_json(out, key);
    out += ":";
    append_json(out, text);
}

}  // namespace

Finding Check::ok(std::string what) const {
    return {std::string(name), Verdict::ok, std::move(what), {}};
}

Finding Check::note(std::string what, std::string remedy) const {
    return {std::string(name), Verdict::note, std::move(what), std::move(remedy)};
}

Finding Check::problem(std::string what, std::string remedy) const {
    return {std::string(name), Verdict::problem, std::move(what), std::move(remedy)};
}

bool any_problem(const Findings& findings) {
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.verdict == Verdict::problem;
    });
}

std::string to_line(const Finding& finding) {
    const std::string_view verdict =
        finding.verdict == Verdict::problem ? "PROBLEM" : name_of(finding.verdict);
    return printable(fmt::format(
               "{:<8} {:<12} {}{}{}",
               verdict,
               finding.check,
               finding.what,
               finding.remedy.empty() ? "" : " -> ",
               finding.remedy
           )) +
           "\n";
}

std::string to_json(const Findings& findings) {
    std::string out = any_problem(findings) ? "{\"ok\":false" : "{\"ok\":true";
    out += ",\"findings\":[";
    for (const Finding& finding : findings) {
        std::string object = "{";
        append_finding_field(object, "check", finding.check);
        append_finding_field(object, "verdict", name_of(finding.verdict));
        append_finding_field(object, "what", finding.what);
        append_finding_field(object, "remedy", finding.remedy);
        out += (out.ends_with('[') ? "" : ",") + object + "}";
    }
    return out + "]}\n";
}

}  // namespace cxedge::ctl
