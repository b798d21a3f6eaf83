// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/foreground.hpp"
#include "plugins/camera/person_size.hpp"

namespace cxedge::camera {

// What moves, as evidence for a network that is not sure: seen from above, people look unlike
// those it was trained with. Thread: one.
class ForegroundHints {
public:
    // Raises the scores of detections that move, and adds person-sized patches that the network
    // did not see, too faint to begin a track.
    void apply(const ForegroundMask& mask, std::vector<Detection>& found);

private:
    std::unique_ptr<PersonSize> size_;  // learnt from what the network is sure of
    int height_ = 0;

    void learn(const ForegroundMask& mask, const std::vector<Detection>& found);
};

}  // namespace cxedge::camera
