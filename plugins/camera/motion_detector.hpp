// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/foreground.hpp"
#include "plugins/camera/person_size.hpp"

namespace cxedge::camera {

// Finds people as foreground of about the size of a person. Needs no model file and little CPU; it
// does not know a person from a trolley, and long shadows cost accuracy.
class MotionDetector final : public Detector {
public:
    std::vector<Detection> detect(const Frame& frame, bool followed) override;
    [[nodiscard]] int picture_width() const override { return kForegroundWidth; }
    [[nodiscard]] DetectorCost cost() const override { return cost_; }

    // For drawing and tests.
    [[nodiscard]] const ForegroundMask* mask() const { return mask_; }
    [[nodiscard]] const PersonSize* size() const { return size_.get(); }

private:
    Foreground foreground_;
    std::unique_ptr<PersonSize> size_;
    const ForegroundMask* mask_ = nullptr;
    int height_ = 0;
    DetectorCost cost_;

    void learn_size(const ForegroundMask& mask);
    std::vector<Detection> explain(const ForegroundMask& mask);
};

}  // namespace cxedge::camera
