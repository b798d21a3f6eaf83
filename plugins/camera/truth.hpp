// SPDX-License-Identifier: Apache-2.0
// Counts that people made of clips, to compare with.
#pragma once

#include <optional>
#include <string>

#include "agent/base/result.hpp"

#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

struct Truth {
    int in = 0;
    int out = 0;
};

// The counts of the entry for `clip` (file name without folder) and `line` in a truth file:
// {"lines": [{"clip", "line": [x1, y1, x2, y2], "in", "out"}]}. not_found: no such entry.
Result<Truth> read_truth(const std::string& path, const std::string& clip, const LinePoints& line);

}  // namespace cxedge::camera
