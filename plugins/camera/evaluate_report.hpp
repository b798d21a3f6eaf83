// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plugins/camera/evaluate.hpp"

namespace cxedge::camera {

// A table for people.
std::string to_text(const Evaluation& evaluation);

// One object for programs: {"engine", "model", "fps", "clips": [...], "total": {...}}.
std::string to_json(const Evaluation& evaluation);

}  // namespace cxedge::camera
