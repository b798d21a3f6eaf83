// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/line_counter.hpp"

#include <cmath>
#include <utility>

namespace cxedge::camera {
namespace {

// Nearer to the line than this share of the person's size is "on" it: boxes jitter.
constexpr double kDeadBand = 0.12;
// Back again within this time has not crossed. Longer, and who goes in, looks and leaves would be
// missing in both directions.
constexpr std::chrono::milliseconds kUTurn{1000};
// Who is there this soon after the first picture was there before it.
constexpr std::chrono::milliseconds kStart{500};
// Somebody farther from the line than this, in lengths of the person, has not passed the door.
constexpr double kPassReach = 4;
constexpr double kPassBand = 0.25;

// Half the extent of the box across the line: within it, the person stands on both sides.
double half_across(const Box& box, const Segment& line) {
    const double length = std::max(line.length(), 1e-9);
    const double normal_x = std::abs(line.b.y - line.a.y) / length;
    const double normal_y = std::abs(line.b.x - line.a.x) / length;
    return (normal_x * box.width + normal_y * box.height) / 2;
}

}  // namespace

bool LineCounter::across_at_start(const Track& track) const {
    const Point centre = track.box.centre();
    return track.born - *began_ <= kStart &&
           std::abs(line_.signed_distance(centre)) < half_across(track.box, line_.nearest(centre));
}

LineCounter::Side LineCounter::side_of(const Walker& walker, const Track& track) const {
    const double away = line_.signed_distance(track.box.centre());
    const bool on_line = std::abs(away) < kDeadBand * track.box.scale();
    if (on_line || (walker.side == Side::unknown && across_at_start(track))) {
        return Side::unknown;
    }
    return away > 0 ? Side::positive : Side::negative;
}

void LineCounter::cross(Walker& walker, Side to, const Track& track, FrameTime time) {
    if (!line_.crossed(walker.last, track.box.centre())) {
        return;
    }
    walker.crossed = true;
    if (std::exchange(walker.pending, false)) {
        return;  // a U-turn: the two take each other back
    }
    walker.pending = true;
    const Direction direction = to == Side::positive ? Direction::in : Direction::out;
    walker.crossing = {direction, time, track.id};
}

void LineCounter::pass(Walker& walker, const Track& track, FrameTime time) const {
    const Segment door = line_.chord();
    const Point centre = track.box.centre();
    const double scale = track.box.scale();
    const double away = -line_.signed_distance(centre);
    const double beside = (door.along(centre) - 0.5) * door.length();
    if (away < 0 || away > kPassReach * scale || std::abs(beside) < kPassBand * scale) {
        return;
    }
    const Side half = beside > 0 ? Side::positive : Side::negative;
    if (walker.half != Side::unknown && half != walker.half) {
        walker.passed = time;
    }
    walker.half = half;
}

void LineCounter::observe(Walker& walker, const Track& track, FrameTime time) {
    walker.confirmed = track.confirmed;
    pass(walker, track, time);
    const Side side = side_of(walker, track);
    if (side == Side::unknown) {
        walker.began_on_line = walker.began_on_line || walker.side == Side::unknown;
        return;
    }
    if (walker.side == Side::unknown && walker.began_on_line && track.confirmed) {
        ++ambiguous_;
    }
    // Noise must not decide: only a confirmed track may change its side.
    if (walker.side != Side::unknown && side != walker.side) {
        if (!track.confirmed) {
            return;
        }
        cross(walker, side, track, time);
    }
    walker.side = side;
    walker.last = track.box.centre();
}

std::vector<Crossing> LineCounter::update(const std::vector<Track>& tracks, FrameTime time) {
    began_ = began_.value_or(time);
    for (auto& [id, walker] : walkers_) {
        walker.alive = false;
    }
    for (const Track& track : tracks) {
        Walker& walker = walkers_[track.id];
        walker.alive = true;
        observe(walker, track, time);
    }
    std::vector<Crossing> settled;
    for (auto entry = walkers_.begin(); entry != walkers_.end();) {
        Walker& walker = entry->second;
        if (!walker.alive) {
            settle(entry->first, walker, settled);
            entry = walkers_.erase(entry);
            continue;
        }
        if (walker.pending && time - walker.crossing.time >= kUTurn) {
            settled.push_back(walker.crossing);
            walker.pending = false;
        }
        ++entry;
    }
    return settled;
}

void LineCounter::settle(std::uint64_t id, Walker& walker, std::vector<Crossing>& settled) {
    if (walker.pending) {
        settled.push_back(walker.crossing);
    } else if (walker.confirmed && walker.passed && !walker.crossed) {
        settled.push_back({Direction::past, *walker.passed, id});
    }
}

std::vector<Crossing> LineCounter::finish() {
    std::vector<Crossing> settled;
    for (auto& [id, walker] : walkers_) {
        settle(id, walker, settled);
    }
    walkers_.clear();
    began_.reset();
    return settled;
}

}  // namespace cxedge::camera
