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
    [[nodiscard]] int picture_width() const override { return kWidth; }
    [[nodiscard]] DetectorCost cost() const override { return cost_; }

private:
    static constexpr int kWidth = 320;

    Foreground foreground_{kWidth};
    std::unique_ptr<PersonSize> size_;
    int height_ = 0;
    DetectorCost cost_;

    void learn_size(const ForegroundMask& mask);
    std::vector<Detection> explain(const ForegroundMask& mask);
};

}  // namespace cxedge::camera
