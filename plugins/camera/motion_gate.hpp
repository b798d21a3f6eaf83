// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "plugins/camera/foreground.hpp"

namespace cxedge::camera {

// Decides whether a picture is worth the expensive look of a network. Thread: one.
class MotionGate {
public:
    // Open while something moves or somebody is followed, and once a second anyway: who stands
    // still long enough becomes background.
    bool open(const ForegroundMask& mask, bool followed, std::chrono::microseconds time) {
        const bool due = !looked_ || time - *looked_ >= kAnyway;
        const bool look = due || followed || mask.share > kMoving;
        if (look) {
            looked_ = time;
        }
        return look;
    }

private:
    static constexpr std::chrono::milliseconds kAnyway{1000};
    // Of the picture. A person 40 pixels high in a picture of 640 x 480 has about as much.
    static constexpr double kMoving = 0.002;

    std::optional<std::chrono::microseconds> looked_;
};

}  // namespace cxedge::camera
