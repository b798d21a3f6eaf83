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

// Finds people in one picture. May learn from the pictures it sees (a background, a size), so each
// camera has its own. Thread: one.
class Detector {
public:
    virtual ~Detector() = default;
    virtual std::vector<Detection> detect(const Frame& frame) = 0;
};

}  // namespace cxedge::camera
