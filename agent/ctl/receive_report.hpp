// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/ctl/receiver.hpp"

namespace cxedge::ctl {

// One line a node: samples and events received, duplicates, gaps, dead letters.
std::vector<std::string> node_report(const Lanes& lanes);

// received + gaps + dead letters for each lane of each epoch of each node, samples and events; the
// sum is what the node produced.
std::string equation_table(const Lanes& lanes);

}  // namespace cxedge::ctl
