// SPDX-License-Identifier: Apache-2.0
// The makers behind make_frame_source(), one a file.
#pragma once

#include <memory>

#include "plugins/camera/frame_source.hpp"

namespace cxedge::camera {

struct SourceContext {
    FrameOptions options;
    const Clock& clock;
    const std::atomic<bool>& stop;
};

std::unique_ptr<FrameSource> make_file_source(std::string path, const SourceContext& context);
std::unique_ptr<FrameSource> make_rtsp_source(std::string url, const SourceContext& context);
std::unique_ptr<FrameSource> make_v4l2_source(std::string device, const SourceContext& context);

}  // namespace cxedge::camera
