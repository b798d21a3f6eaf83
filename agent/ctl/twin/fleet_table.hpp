// SPDX-License-Identifier: Apache-2.0
// Nodes as a table for a person, as a line each, as JSON. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/ctl/twin/fleet_board.hpp"

namespace cxedge::ctl {

struct TableSize {
    std::size_t columns = 0;  // 0: lines as long as they are
    std::size_t rows = 0;     // 0: every node
};

// A line with the counts, a heading and a line a node: those in trouble first, then those under
// way. What does not fit is counted.
std::string fleet_table(std::vector<const NodeView*> nodes, WallTime now, TableSize size);
// One line, as in the table.
std::string node_line(const NodeView& node, WallTime now);
// node, state, verdict, online (null: not known), seen, backlog_s, backlog_bytes (null: not said
// yet), unreadable; with a report what add_reported_fields() adds.
std::string node_json(const NodeView& node);
// All that is known of one node, on a page.
std::string node_page(const NodeView& node, WallTime now);

}  // namespace cxedge::ctl
