// SPDX-License-Identifier: Apache-2.0
// Explains foreground by person-sized boxes: fragments of one person are joined, people who touch
// are told apart.
#pragma once

#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/foreground.hpp"
#include "plugins/camera/person_size.hpp"

namespace cxedge::camera {

// Requires size.known().
std::vector<Detection> explain_patches(const ForegroundMask& mask, const PersonSize& size);

}  // namespace cxedge::camera
