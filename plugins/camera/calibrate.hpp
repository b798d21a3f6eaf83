// SPDX-License-Identifier: Apache-2.0
// One picture of a film with lines, zones and the size of people in it, for whoever draws lines.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/clip_run.hpp"
#include "plugins/camera/person_size.hpp"

namespace cxedge::camera {

struct Calibration {
    int width = 0;  // of the picture
    int height = 0;
    std::uint64_t frames = 0;
    // How big people are who stand with their feet at the middle of each line, pixels; empty: too
    // few were seen.
    std::vector<Size> at_lines;
};

// Runs the film and writes the picture with the fewest people on it as a PNG.
Result<Calibration> calibrate(const ClipJob& job, const std::string& png);

std::string to_text(const Calibration& calibration);

}  // namespace cxedge::camera
