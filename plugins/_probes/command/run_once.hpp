// SPDX-License-Identifier: Apache-2.0
// A probe once, now, without agent and schedule. What it spends is entered in the box's ledger
// where there is one that may be written.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/_probes/command/finding_text.hpp"

namespace cxedge::probes {

// `options`: words as parse_options() takes them. not_found: no such type; invalid_argument: every
// mistake in the options; unavailable: it cannot begin here.
Result<Told> run_once(
    const std::string& type, const std::string& target, const std::vector<std::string>& options
);

}  // namespace cxedge::probes
