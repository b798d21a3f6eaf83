// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/settings.hpp"

#include "plugins/camera/engine_settings.hpp"
#include "plugins/camera/frame_source.hpp"
#include "plugins/camera/scene.hpp"
#include "plugins/camera/stream_settings.hpp"
#include "plugins/camera/zone_settings.hpp"

namespace cxedge::camera {

struct LineSettings {
    std::string name;
    std::string door;  // empty: the name
    std::vector<double> points;

    // Requires settings that were read without a problem.
    [[nodiscard]] const LinePoints& line() const { return points; }
    [[nodiscard]] const std::string& counted_door() const { return door.empty() ? name : door; }
};

struct CameraSettings : AreaSettings, EngineSettings, StreamSettings {
    std::string source;
    std::string user;
    std::string password_file;
    std::string pace = "real";
    bool loop = false;
    double fps = 10;
    std::chrono::milliseconds timeout{5000};
    std::chrono::milliseconds report{10'000};
    std::vector<LineSettings> lines;

    [[nodiscard]] FrameOptions frame_options() const;
    // Requires settings that were read without a problem.
    [[nodiscard]] SceneLayout layout() const;
};

std::vector<SettingHelp> camera_settings_help();

// Every mistake goes to `problems`.
CameraSettings read_camera_settings(const SettingsNode& node, SettingsProblems& problems);

// `source` with user and the first line of password_file put in. Reads the file.
Result<std::string> full_address(const CameraSettings& settings);

}  // namespace cxedge::camera
