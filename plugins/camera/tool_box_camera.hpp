// SPDX-License-Identifier: Apache-2.0
// A camera as the box's own configuration has it, for the commands that look through it.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "agent/base/unique_fd.hpp"

#include "plugins/camera/camera_settings.hpp"

namespace cxedge::camera {

struct BoxCamera {
    CameraSettings settings;
    std::string address;  // with the login in it
    EngineChoice engine;
};

struct BoxCameraRequest {
    std::string config_file;  // the box's own, not a profile: what stands elsewhere allows nothing
    std::string source;       // name of the camera
    std::string out;          // a new PNG file
};

// --config, --source
void add_box_camera_options(CLI::App& command, BoxCameraRequest& request);

// Says why nobody may look through this camera (invalid_argument), or what is wrong.
Result<BoxCamera> find_box_camera(const BoxCameraRequest& request);

// To be called before the sandbox, in which no file can be made. An empty file, as a try that
// failed leaves it, is taken; any other is not overwritten.
Result<UniqueFd> make_picture_file(const std::string& path);

// As PNG.
Status write_picture(const UniqueFd& file, const Frame& frame);

}  // namespace cxedge::camera
