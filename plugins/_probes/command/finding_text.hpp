// SPDX-License-Identifier: Apache-2.0
// What a run found, for people and for programs.
#pragma once

#include <chrono>
#include <string>

#include "plugins/_probes/probe.hpp"

namespace cxedge::probes {

struct Told {
    std::string type;  // "icmp"
    std::string target;
    Finding finding;
    std::chrono::milliseconds took{0};
    BudgetUse used;
};

// Several lines: the verdict, then each figure with its unit, then facts and events.
std::string finding_text(const Told& told);
// One JSON object on a line.
std::string finding_json(const Told& told);

}  // namespace cxedge::probes
