// SPDX-License-Identifier: Apache-2.0
// detect -> track -> count for one camera. Pure: frames in, crossings out.
#pragma once

#include <memory>
#include <vector>

#include "plugins/camera/detector.hpp"
#include "plugins/camera/line_counter.hpp"
#include "plugins/camera/tracker.hpp"

namespace cxedge::camera {

struct LineCrossing {
    std::size_t line = 0;  // index of the line given to the constructor
    Crossing crossing;
};

// Thread: one.
class PeopleCounter {
public:
    PeopleCounter(std::unique_ptr<Detector> detector, std::vector<LinePoints> lines);

    std::vector<LineCrossing> process(const Frame& frame);

    // The end of the film or of the connection: settles what is pending and forgets people, but
    // not what the detector has learnt.
    std::vector<LineCrossing> finish();

    [[nodiscard]] const std::vector<Track>& tracks() const { return tracker_.tracks(); }
    [[nodiscard]] std::uint64_t ambiguous(std::size_t line) const;

private:
    std::unique_ptr<Detector> detector_;
    std::vector<LinePoints> lines_;
    Tracker tracker_;
    std::vector<LineCounter> counters_;
    int width_ = 0;
    int height_ = 0;

    void fit(const Frame& frame);
};

}  // namespace cxedge::camera
