// SPDX-License-Identifier: Apache-2.0
// The usual view as the agent keeps it for the next start (Host::keep): 192 bytes of directions,
// and a check sum of what was drawn into the picture.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/camera/camera_settings.hpp"
#include "plugins/camera/view_digest.hpp"

namespace cxedge::camera {

std::string keep_view(const CameraSettings& settings, const ViewDigest& usual);

// Empty where lines, zones, masks or the floor were drawn anew since: whoever did it looked at the
// view as it is now.
std::optional<ViewDigest> kept_view(const CameraSettings& settings, std::string_view kept);

}  // namespace cxedge::camera
