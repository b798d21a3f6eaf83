// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "plugins/camera/tracker.hpp"

namespace cxedge::camera {

// One person, also across breaks of the track.
struct Person {
    std::uint64_t id = 0;  // of the first track
    Point foot;            // bottom centre in pixels, within the picture
    Point place;           // the same as fractions of the picture
    double scale = 0;      // Box::scale(), about a metre of this person's surroundings
    FrameTime since{0};    // when the first track was born
    FrameTime seen{0};     // last time a detection supported it
    bool visible = false;  // seen a moment ago
    bool moved = false;    // has walked at some time
    // Has not moved for so long since it appeared that it is a poster, a dummy or a coat stand.
    bool thing = false;
    // Last moment at which it is known to have stood or sauntered.
    std::optional<FrameTime> stood;
};

struct PictureSize {
    int width = 0;
    int height = 0;
};

// Makes people of confirmed tracks: who stands, who is no person at all, and whose track broke and
// went on at the same spot (hidden for a while by somebody in front). Thread: one.
class People {
public:
    explicit People(PictureSize picture) : picture_(picture) {}

    // Everybody, also those who are out of sight but may be found again at the same spot. Who is
    // missing is gone for good. `time` must not go back.
    std::vector<Person> update(const std::vector<Track>& tracks, FrameTime time);

private:
    struct Step {
        FrameTime time{0};
        Point at;
    };
    struct Followed {
        Person person;
        Point first;            // where it was when confirmed
        Point last;             // centre
        std::deque<Step> path;  // of about the last second
        bool tracked = true;
    };

    PictureSize picture_;
    std::map<std::uint64_t, Followed> followed_;  // by track

    Followed& follow(const Track& track);
    [[nodiscard]] bool continues(const Followed& lost, const Track& track) const;
    void observe(Followed& followed, const Track& track) const;
    static void judge_pace(Followed& followed);
};

}  // namespace cxedge::camera
