// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plugins/camera/dnn_model.hpp"
#include "plugins/camera/foreground.hpp"
#include "plugins/camera/foreground_hints.hpp"
#include "plugins/camera/motion_gate.hpp"
#include "plugins/camera/watch_region.hpp"

namespace cxedge::camera {

// Finds people with a network, in the part of the picture that matters and only while something
// moves. With hints (engine "hybrid") what moves also raises scores and sustains tracks.
class DnnDetector final : public Detector {
public:
    enum class Hints { none, foreground };

    DnnDetector(std::unique_ptr<DnnModel> model, WatchRegion region, Hints hints);

    std::vector<Detection> detect(const Frame& frame, bool followed) override;
    [[nodiscard]] int picture_width() const override;
    [[nodiscard]] DetectorCost cost() const override { return cost_; }

private:
    std::unique_ptr<DnnModel> model_;
    WatchRegion region_;
    Foreground foreground_;
    MotionGate gate_;
    std::unique_ptr<ForegroundHints> hints_;
    DetectorCost cost_;
};

}  // namespace cxedge::camera
