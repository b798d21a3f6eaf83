// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/people.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::camera {
namespace {

using std::chrono::milliseconds;

// A detector misses single pictures; a person who went away must not stay for the whole coasting
// of the track (measured in design/vision.md: coasting tracks were the largest error of occupancy).
constexpr milliseconds kVisible{400};
// Pace is judged over this time; a step is half a second.
constexpr milliseconds kPaceWindow{1000};
constexpr milliseconds kPaceLeast{800};
// Lengths of the person (about metres) a second. People walk at 1.2 to 1.5 and saunter, waiting or
// looking at goods, below this.
constexpr double kStanding = 0.5;
// About half the width of a person: farther from where it began, it has moved. A box on a thing
// that stands trembles by less.
constexpr double kMoved = 0.3;
// A standing person may be hidden by somebody in front for this long.
constexpr std::chrono::seconds kHidden{15};
// People shift their weight; what did not move by kMoved since it appeared this long ago is a
// thing.
constexpr std::chrono::seconds kThing{30};
// Found again at the same spot within this time, it is still one.
constexpr std::chrono::hours kThingRemembered{1};
constexpr double kSameSpot = 0.6;
constexpr double kSameSize = 1.6;

// Somebody who was walking when lost has gone on; only who stood can be found there again.
bool stood_when_lost(const Person& person) {
    return person.stood && person.seen - *person.stood <= kPaceWindow;
}

}  // namespace

std::vector<Person> People::update(const std::vector<Track>& tracks, FrameTime time) {
    for (auto& [track, followed] : followed_) {
        followed.tracked = false;
    }
    for (const Track& track : tracks) {
        if (track.confirmed) {
            Followed& followed = follow(track);
            followed.tracked = true;
            observe(followed, track);
        }
    }
    std::erase_if(followed_, [&](const auto& entry) {
        const Person& person = entry.second.person;
        const FrameTime wait = person.thing ? FrameTime(kThingRemembered) : FrameTime(kHidden);
        const bool waits = stood_when_lost(person) && time - person.seen <= wait;
        return !entry.second.tracked && !waits;
    });
    std::vector<Person> people;
    for (auto& [track, followed] : followed_) {
        followed.person.visible = time - followed.person.seen <= kVisible;
        people.push_back(followed.person);
    }
    return people;
}

People::Followed& People::follow(const Track& track) {
    if (const auto known = followed_.find(track.id); known != followed_.end()) {
        return known->second;
    }
    Followed followed;
    const auto lost = std::find_if(followed_.begin(), followed_.end(), [&](const auto& entry) {
        return continues(entry.second, track);
    });
    if (lost != followed_.end()) {
        followed = std::move(lost->second);
        followed_.erase(lost);
    } else {
        followed.person.id = track.id;
        followed.person.since = track.born;
        followed.first = track.box.centre();
    }
    return followed_.emplace(track.id, std::move(followed)).first->second;
}

bool People::continues(const Followed& lost, const Track& track) const {
    const double scale = track.box.scale();
    const double ratio = scale / std::max(lost.person.scale, 1.0);
    const double pace = distance(track.velocity, {}) / scale;
    return track.born > lost.person.seen && stood_when_lost(lost.person) && pace < kStanding &&
           ratio < kSameSize && ratio > 1 / kSameSize &&
           distance(lost.last, track.box.centre()) < kSameSpot * scale;
}

void People::observe(Followed& followed, const Track& track) const {
    Person& person = followed.person;
    const bool news = followed.path.empty() || track.seen > person.seen;
    if (!news) {
        return;
    }
    const Box& box = track.box;
    person.seen = track.seen;
    person.scale = box.scale();
    // Half a pixel inside, so that an area that ends with the picture contains who is cut off by
    // it.
    person.foot = {
        std::clamp(box.centre().x, 0.5, picture_.width - 0.5),
        std::clamp(box.bottom(), 0.5, picture_.height - 0.5)};
    person.place = {person.foot.x / picture_.width, person.foot.y / picture_.height};
    followed.last = box.centre();
    person.moved = person.moved || distance(followed.first, followed.last) > kMoved * person.scale;
    person.thing = !person.moved && person.seen - person.since >= kThing;
    followed.path.push_back({track.seen, followed.last});
    judge_pace(followed);
}

void People::judge_pace(Followed& followed) {
    std::deque<Step>& path = followed.path;
    const Step now = path.back();
    while (path.size() > 1 && now.time - path[1].time >= kPaceWindow) {
        path.pop_front();
    }
    const FrameTime took = now.time - path.front().time;
    if (took < kPaceLeast) {
        return;
    }
    const double pace = distance(path.front().at, now.at) / (followed.person.scale * seconds(took));
    if (pace < kStanding) {
        followed.person.stood = now.time - took / 2;
    }
}

}  // namespace cxedge::camera
