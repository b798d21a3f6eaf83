// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "agent/ctl/doctor/finding.hpp"

namespace cxedge::ctl {

// Where a camera's pictures come from, as its source names it: file:PATH, rtsp://HOST/PATH or
// v4l2:/dev/videoN.
struct CameraPlace {
    std::string name;  // of the source
    std::string address;
    bool has_user = false;  // name and password are configured
};

// Whether it can be opened: a file is there, a device answers as one, a network camera knows the
// stream. Blocks for `patience` at most, and for the name service.
Finding check_camera(const CameraPlace& camera, std::chrono::milliseconds patience);

}  // namespace cxedge::ctl
