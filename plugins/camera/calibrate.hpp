// SPDX-License-Identifier: Apache-2.0
// One picture of a film or a camera with lines, zones and the size of people in it, for whoever
// draws lines.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/clip_run.hpp"
#include "plugins/camera/person_size.hpp"
#include "plugins/camera/snapshot.hpp"

namespace cxedge::camera {

struct Calibration {
    Frame picture;             // the one with the fewest people, drawn into
    std::uint64_t frames = 0;  // looked at
    // How big people are who stand with their feet at the middle of each line, pixels; empty: too
    // few were seen.
    std::vector<Size> at_lines;
};

// Looks at the whole job. With `anonymiser` the picture shows nobody (a camera in use); null: it is
// as it is (a film that somebody has anyway). corrupt: too short for a picture.
Result<Calibration> calibrate(const ClipJob& job, Anonymiser* anonymiser);

std::string to_text(const Calibration& calibration);

}  // namespace cxedge::camera
