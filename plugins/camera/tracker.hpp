// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

using FrameTime = std::chrono::microseconds;
inline double seconds(FrameTime time) {
    return std::chrono::duration<double>(time).count();
}

// One person followed over time. Ids are never used twice.
struct Track {
    std::uint64_t id = 0;
    Box box;         // smoothed
    Point velocity;  // pixels a second
    FrameTime born{0};
    FrameTime seen{0};  // last time a detection supported it
    int hits = 0;
    bool confirmed = false;
};

// Follows people from picture to picture by where they must be next. All times are capture times,
// all distances relative to the person, so that neither the frame rate nor the size of the picture
// matters. Thread: one.
class Tracker {
public:
    // `time` must not go back.
    void update(const std::vector<Detection>& detections, FrameTime time);

    // Live tracks, also those not supported at the moment.
    [[nodiscard]] const std::vector<Track>& tracks() const { return tracks_; }

    // Forgets everybody (ids go on).
    void reset() { tracks_.clear(); }

private:
    std::vector<Track> tracks_;
    std::uint64_t next_id_ = 1;
    FrameTime now_{0};

    void predict(double step_s);
    [[nodiscard]] std::vector<int> match(const std::vector<Detection>& detections) const;
    void correct(Track& track, const Box& seen, FrameTime time);
    void sustain(const std::vector<Detection>& faint, FrameTime time);
    void give_birth(const std::vector<Detection>& detections, const std::vector<int>& matched);
    void bury(FrameTime time);
};

}  // namespace cxedge::camera
