// SPDX-License-Identifier: Apache-2.0
// cxctl probe: tests of the network from the command line, by program cxedge-probe.
#pragma once

#include <string>
#include <vector>

#include "agent/ctl/exit_code.hpp"

namespace cxedge::ctl {

// `words`: run TYPE TARGET ..., list, stop, start, as cxedge-probe takes them. Status 1: the result
// is not ok; 3: cxedge-probe is not installed.
ExitCode run_probe(std::vector<std::string> words, bool json);

}  // namespace cxedge::ctl
