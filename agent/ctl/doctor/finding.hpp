// SPDX-License-Identifier: Apache-2.0
// What a check of this box found: one line for people, one object for programs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::ctl {

enum class Verdict : std::uint8_t {
    ok,
    note,     // the agent works with it, but somebody should know
    problem,  // the box will not do its work like this
};

struct Finding {
    std::string check;  // config, broker, clock, disk, camera, permission, certificate, agent
    Verdict verdict = Verdict::ok;
    std::string what;    // what and where
    std::string remedy;  // what to do; empty when ok
};
using Findings = std::vector<Finding>;

// For a check that is written once and answers in three ways.
struct Check {
    std::string_view name;

    [[nodiscard]] Finding ok(std::string what) const;
    [[nodiscard]] Finding note(std::string what, std::string remedy) const;
    [[nodiscard]] Finding problem(std::string what, std::string remedy) const;
};

bool any_problem(const Findings& findings);

// "PROBLEM  broker      mqtt://x:1883: connection refused -> check ..." and a newline.
std::string to_line(const Finding& finding);
// {"ok":false,"findings":[{"check":"broker","verdict":"problem","what":"..","remedy":".."},..]} and
// a newline; verdict is ok, note or problem.
std::string to_json(const Findings& findings);

}  // namespace cxedge::ctl
