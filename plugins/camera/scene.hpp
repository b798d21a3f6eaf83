// SPDX-License-Identifier: Apache-2.0
// detect -> track -> lines and zones of one camera. Pure: frames in, what happened out.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/line_counter.hpp"
#include "plugins/camera/tracker.hpp"

namespace cxedge::camera {

// What the installer drew into the picture.
struct SceneLayout {
    std::vector<LinePoints> lines;
};

struct LineCrossing {
    std::size_t line = 0;  // index into SceneLayout::lines
    Crossing crossing;
};

// What lines and zones have to say after one picture.
struct SceneReport {
    std::vector<LineCrossing> crossings;
};

// Thread: one.
class Scene {
public:
    Scene(std::unique_ptr<Detector> detector, SceneLayout layout);

    SceneReport process(const Frame& frame);

    // The end of the film or of the connection: settles what is pending and forgets people, but
    // not what the detector has learnt.
    SceneReport finish();

    [[nodiscard]] const std::vector<Track>& tracks() const { return tracker_.tracks(); }
    [[nodiscard]] std::uint64_t ambiguous(std::size_t line) const;

private:
    std::unique_ptr<Detector> detector_;
    SceneLayout layout_;
    Tracker tracker_;
    std::vector<LineCounter> counters_;
    int width_ = 0;
    int height_ = 0;

    void fit(const Frame& frame);
    void settle(SceneReport& report);
};

}  // namespace cxedge::camera
