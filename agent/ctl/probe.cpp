// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/probe.hpp"

#include <iostream>

#include "agent/ctl/companion.hpp"

namespace cxedge::ctl {

ExitCode run_probe(std::vector<std::string> words, bool json) {
    if (json) {
        words.emplace_back("--json");
    }
    const auto status = run_companion(companion_path("cxedge-probe"), words);
    if (!status) {
        std::cerr << "cxctl: " << status.error().message
                  << "; it comes with package cxedge-probes\n";
        return exit_code_of(status.error());
    }
    const bool known = *status >= 0 && *status <= static_cast<int>(ExitCode::unavailable);
    return known ? static_cast<ExitCode>(*status) : ExitCode::failed;
}

}  // namespace cxedge::ctl
