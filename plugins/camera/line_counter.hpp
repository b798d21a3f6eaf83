// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "plugins/camera/polyline.hpp"
#include "plugins/camera/tracker.hpp"

namespace cxedge::camera {

enum class Direction {
    in,
    out,
    past,  // walked past the door on its outer side without going in
};

struct Crossing {
    Direction direction = Direction::in;
    // When the person was across, not when it was certain; for `past`, in front of the middle.
    FrameTime time{0};
    std::uint64_t track = 0;
};

// Counts people who cross one line between its ends. "in" is from the negative to the positive
// side of Polyline::signed_distance(). Whoever steps back over the line within a second is not
// counted, nor is jitter on the line. Not counted but reported apart is who first appears on the
// line, or stands across it when the picture begins: nobody knows from where that person came.
//
// Who never crosses but walks through the middle perpendicular of the line on its outer (negative)
// side, near enough to have come in, is `past`, told when the track ends: with "in" the two make
// the capture rate of the door. Thread: one.
class LineCounter {
public:
    explicit LineCounter(Polyline line) : line_(std::move(line)) {}

    // Looks at all live tracks; those that are gone are settled.
    std::vector<Crossing> update(const std::vector<Track>& tracks, FrameTime time);

    // Settles everybody: the picture is about to change or has ended.
    std::vector<Crossing> finish();

    [[nodiscard]] std::uint64_t ambiguous() const { return ambiguous_; }

private:
    enum class Side : std::int8_t { unknown = 0, negative = -1, positive = 1 };
    struct Walker {
        Side side = Side::unknown;
        Point last;  // where it was last clearly on that side
        bool began_on_line = false;
        bool pending = false;  // a crossing that may still be taken back
        Crossing crossing;
        bool crossed = false;             // at some time, even if taken back
        Side half = Side::unknown;        // of the door, seen from outside
        std::optional<FrameTime> passed;  // the middle of the door
        bool confirmed = false;
        bool alive = true;
    };

    Polyline line_;
    std::map<std::uint64_t, Walker> walkers_;
    std::optional<FrameTime> began_;  // first picture since the beginning or finish()
    std::uint64_t ambiguous_ = 0;

    void observe(Walker& walker, const Track& track, FrameTime time);
    void cross(Walker& walker, Side to, const Track& track, FrameTime time);
    void pass(Walker& walker, const Track& track, FrameTime time) const;
    static void settle(std::uint64_t id, Walker& walker, std::vector<Crossing>& settled);
    [[nodiscard]] Side side_of(const Walker& walker, const Track& track) const;
    [[nodiscard]] bool across_at_start(const Track& track) const;
};

}  // namespace cxedge::camera
