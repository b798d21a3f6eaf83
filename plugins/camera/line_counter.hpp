// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "plugins/camera/geometry.hpp"
#include "plugins/camera/tracker.hpp"

namespace cxedge::camera {

enum class Direction { in, out };

struct Crossing {
    Direction direction = Direction::in;
    FrameTime time{0};  // when the person was across, not when it was certain
    std::uint64_t track = 0;
};

// Counts people who cross one line between its ends. "in" is from the negative to the positive
// side of Segment::signed_distance(). Whoever steps back over the line soon is not counted, nor is
// jitter on the line; whoever first appears on the line is ambiguous and not counted.
class LineCounter {
public:
    explicit LineCounter(Segment line) : line_(line) {}

    // Looks at all live tracks; those that are gone are settled.
    std::vector<Crossing> update(const std::vector<Track>& tracks, FrameTime time);

    // Settles everybody: the picture is about to change or has ended.
    std::vector<Crossing> finish();

    // People who appeared on the line and left to one side: nobody knows from where they came.
    [[nodiscard]] std::uint64_t ambiguous() const { return ambiguous_; }

private:
    enum class Side : std::int8_t { unknown = 0, negative = -1, positive = 1 };
    struct Walker {
        Side side = Side::unknown;
        Point last;  // where it was last clearly on that side
        bool began_on_line = false;
        bool pending = false;  // a crossing that may still be taken back
        Crossing crossing;
        bool alive = true;
    };

    Segment line_;
    std::map<std::uint64_t, Walker> walkers_;
    std::uint64_t ambiguous_ = 0;

    void observe(Walker& walker, const Track& track, FrameTime time);
    void cross(Walker& walker, Side to, const Track& track, FrameTime time);
    [[nodiscard]] Side side_of(const Box& box) const;
    [[nodiscard]] bool between_ends(Point from, Point to) const;
};

}  // namespace cxedge::camera
