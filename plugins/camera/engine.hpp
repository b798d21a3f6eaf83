// SPDX-License-Identifier: Apache-2.0
// Which of the ways to find people a camera uses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/detector.hpp"
#include "plugins/camera/dnn_model.hpp"

namespace cxedge::camera {

enum class EngineKind {
    motion,  // what moves and has the size of a person; needs no model
    dnn,     // a network
    hybrid,  // a network, helped by what moves
};

struct EngineChoice {
    EngineKind kind = EngineKind::motion;
    ModelChoice model;  // not for motion
};

std::string_view to_string(EngineKind kind);

// `points`: corners of all lines and zones, fractions of the picture. Reads and tries the model.
Result<std::unique_ptr<Detector>> make_detector(
    const EngineChoice& choice, const std::vector<Point>& points
);

}  // namespace cxedge::camera
