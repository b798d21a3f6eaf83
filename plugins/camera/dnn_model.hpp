// SPDX-License-Identifier: Apache-2.0
// One loaded network that finds people in pictures. Hides OpenCV.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/detector.hpp"
#include "plugins/camera/yolox_output.hpp"

namespace cxedge::camera {

struct ModelChoice {
    std::string path;
    std::string sha256;  // empty: any
};

// Thread: the one that made it; it computes on that thread alone.
class DnnModel {
public:
    // Reads, checks and tries the network once. Errors begin with the path and say what is wrong
    // with the file.
    static Result<std::unique_ptr<DnnModel>> load(const ModelChoice& choice);

    ~DnnModel();
    DnnModel(const DnnModel&) = delete;
    DnnModel& operator=(const DnnModel&) = delete;

    // People in `part` of the picture (pixels, within it), in pixels of the picture.
    std::vector<Detection> find(const Frame& frame, const Box& part);

    [[nodiscard]] const YoloxShape& shape() const;

private:
    class Impl;
    explicit DnnModel(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::camera
