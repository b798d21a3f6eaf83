// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

namespace cxedge::camera {

// Lowers the frame rate when the analysis cannot keep up, so that what is left out is spread evenly
// and not lost in bunches, and raises it again slowly.
class LoadShedder {
public:
    // Below this a person who walks fast jumps farther than a tracker can follow.
    static constexpr double kLeastFps = 6;

    explicit LoadShedder(double wanted_fps) : wanted_(wanted_fps), fps_(wanted_fps) {}

    // `busy`: wall time that one picture took; `now`: its capture time. Returns the rate to ask
    // for.
    double update(std::chrono::duration<double> busy, std::chrono::duration<double> now) {
        const double passed = std::clamp((now - last_).count(), 0.0, kMemory);
        last_ = now;
        const double weight = started_ ? 1 - std::exp(-passed / kMemory) : 1.0;
        started_ = true;
        busy_ += weight * (busy.count() - busy_);
        follow(kShare / std::max(busy_, 1e-6), now.count());
        return fps_;
    }

    [[nodiscard]] bool shedding() const { return fps_ < wanted_; }

private:
    static constexpr double kMemory = 2;   // s
    static constexpr double kShare = 0.8;  // of the time; the rest is for pictures that take longer
    static constexpr double kRise = 1.2;
    static constexpr double kRiseEvery = 5;  // s

    double wanted_;
    double fps_;
    double busy_ = 0;  // s a picture
    std::chrono::duration<double> last_{0};
    double risen_ = 0;  // s
    bool started_ = false;

    void follow(double affordable, double now) {
        if (affordable < fps_) {
            fps_ = std::max(std::min(kLeastFps, wanted_), affordable);
            risen_ = now;
        } else if (fps_ < wanted_ && affordable > fps_ * kRise && now - risen_ >= kRiseEvery) {
            fps_ = std::min(wanted_, fps_ * kRise);
            risen_ = now;
        }
    }
};

}  // namespace cxedge::camera
