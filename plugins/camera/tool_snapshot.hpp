// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/base/result.hpp"

namespace cxedge::camera {

struct SnapshotRequest {
    std::string config_file;  // the box's own, not a profile
    std::string source;       // name of the camera
    std::string out;          // a new PNG file
};

// Writes a picture without people, or says why it may not: invalid_argument. Enters the sandbox
// before it looks at the camera.
Status write_snapshot(const SnapshotRequest& request);

}  // namespace cxedge::camera
