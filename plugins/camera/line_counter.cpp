// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/line_counter.hpp"

#include <cmath>
#include <utility>

namespace cxedge::camera {
namespace {

// Nearer to the line than this share of the person's size is "on" it: boxes jitter.
constexpr double kDeadBand = 0.12;
// Back again within this time has not crossed.
constexpr std::chrono::seconds kUTurn{2};

}  // namespace

LineCounter::Side LineCounter::side_of(const Box& box) const {
    const double away = line_.signed_distance(box.centre());
    if (std::abs(away) < kDeadBand * box.scale()) {
        return Side::unknown;
    }
    return away > 0 ? Side::positive : Side::negative;
}

bool LineCounter::between_ends(Point from, Point to) const {
    const double before = line_.signed_distance(from);
    const double after = line_.signed_distance(to);
    const double part = before / (before - after);
    const Point at{from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)};
    const double along = line_.along(at);
    return along >= 0 && along <= 1;
}

void LineCounter::cross(Walker& walker, Side to, const Track& track, FrameTime time) {
    if (!between_ends(walker.last, track.box.centre())) {
        return;
    }
    if (std::exchange(walker.pending, false)) {
        return;  // a U-turn: the two take each other back
    }
    walker.pending = true;
    const Direction direction = to == Side::positive ? Direction::in : Direction::out;
    walker.crossing = {direction, time, track.id};
}

void LineCounter::observe(Walker& walker, const Track& track, FrameTime time) {
    const Side side = side_of(track.box);
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
        if (walker.pending && (!walker.alive || time - walker.crossing.time >= kUTurn)) {
            settled.push_back(walker.crossing);
            walker.pending = false;
        }
        entry = walker.alive ? std::next(entry) : walkers_.erase(entry);
    }
    return settled;
}

std::vector<Crossing> LineCounter::finish() {
    std::vector<Crossing> settled;
    for (const auto& [id, walker] : walkers_) {
        if (walker.pending) {
            settled.push_back(walker.crossing);
        }
    }
    walkers_.clear();
    return settled;
}

}  // namespace cxedge::camera
