// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"

#include "plugins/camera/clip_run.hpp"

namespace cxedge::camera {

// Runs a clip and writes a film of it with boxes, track numbers, lines and running totals.
Result<ClipRun> annotate(ClipJob job, const std::string& film);

}  // namespace cxedge::camera
