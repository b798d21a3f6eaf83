// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plugins/camera/frame_source.hpp"
#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

// How a score is used: from kBirthScore on somebody new may be there; below kSureScore it only
// helps to keep following somebody who is known.
inline constexpr double kBirthScore = 0.5;
inline constexpr double kSureScore = 0.4;

// One person, probably. `score` 0 to 1: how sure.
struct Detection {
    Box box;
    double score = 0;
};

// Processor time since the beginning.
struct DetectorCost {
    double gate_s = 0;    // to see whether anything moves
    double detect_s = 0;  // to find people
};

// Finds people in one picture. May learn from the pictures it sees (a background, a size), so each
// camera has its own. Thread: one.
class Detector {
public:
    virtual ~Detector() = default;

    // `followed`: somebody is being followed at the moment. Where nobody is and nothing moves, a
    // detector may save the work and say that nobody is there.
    virtual std::vector<Detection> detect(const Frame& frame, bool followed) = 0;

    // How wide the pictures should be that it is given; more is wasted.
    [[nodiscard]] virtual int picture_width() const { return 320; }
    [[nodiscard]] virtual DetectorCost cost() const { return {}; }
};

}  // namespace cxedge::camera
