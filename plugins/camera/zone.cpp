// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/zone.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cxedge::camera {
namespace {

// Nearer to the outline than this share of the person's size nobody comes or goes: boxes jitter.
constexpr double kEdge = 0.1;
// A zone may be smaller than a person.
constexpr double kEdgeOfZone = 0.1;
// Who vanishes within one length of a side has left through it.
constexpr double kNextTo = 1.0;
constexpr double kBorder = 0.005;

bool on_border(Point a, Point b) {
    const auto both = [](double p, double q) {
        return (p <= kBorder && q <= kBorder) || (p >= 1 - kBorder && q >= 1 - kBorder);
    };
    return both(a.x, b.x) || both(a.y, b.y);
}

}  // namespace

Zone::Zone(const ZoneLayout& layout, PictureSize picture)
    : polygon_(to_pixels(layout.polygon, picture.width, picture.height)),
      min_stay_(layout.min_stay) {
    for (std::size_t i = 0; i < layout.polygon.size(); ++i) {
        const Segment side = side_of(layout.polygon, i);
        open_sides_.push_back(!on_border(side.a, side.b));
    }
    widest_edge_ = kEdgeOfZone * std::sqrt(area_of(polygon_));
}

// How far inside; negative: outside.
double Zone::depth(Point p) const {
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < polygon_.size(); ++i) {
        if (open_sides_[i]) {
            nearest = std::min(nearest, distance_to(side_of(polygon_, i), p));
        }
    }
    return contains(polygon_, p) ? nearest : -nearest;
}

std::optional<std::size_t> Zone::nearest_side(const Guest& guest) const {
    std::optional<std::size_t> nearest;
    double least = kNextTo * guest.scale;
    for (std::size_t i = 0; i < polygon_.size(); ++i) {
        const double away = distance_to(side_of(polygon_, i), guest.foot);
        if (away < least) {
            least = away;
            nearest = i;
        }
    }
    return nearest;
}

ZoneView Zone::update(const std::vector<Person>& people, FrameTime time) {
    ZoneView view;
    for (auto& [id, guest] : guests_) {
        guest.listed = false;
    }
    int present = 0;
    int staying = 0;
    for (const Person& person : people) {
        Guest& guest = guests_[person.id];
        guest.listed = true;
        observe(guest, person, view);
        const bool counts = guest.inside && !person.thing && person.visible;
        present += counts ? 1 : 0;
        staying += counts && guest.stayed ? 1 : 0;
    }
    for (auto& [id, guest] : guests_) {
        if (!guest.listed) {
            lose(guest, view.ended);
        }
    }
    std::erase_if(guests_, [](const auto& entry) { return !entry.second.listed; });
    view.present = present_.add(time, present);
    view.staying = staying_.add(time, staying);
    return view;
}

void Zone::observe(Guest& guest, const Person& person, ZoneView& view) const {
    if (person.seen == guest.seen) {
        return;  // nothing new: where a hidden person probably walks is nobody's visit
    }
    const bool first = guest.scale == 0;
    guest.seen = person.seen;
    guest.foot = person.foot;
    guest.scale = person.scale;
    guest.real = person.moved;
    if (first) {
        guest.inside = depth(person.foot) > 0;
        guest.clear = person.foot;
        guest.visit.entered = person.since;
    }
    place(guest, person, view);
    if (guest.inside) {
        stand(guest, person);
        confirm_stay(guest, view);
    }
}

// Whether the person has come in or gone out.
void Zone::place(Guest& guest, const Person& person, ZoneView& view) const {
    const double deep = depth(person.foot);
    if (std::abs(deep) < std::min(kEdge * person.scale, widest_edge_)) {
        return;
    }
    const bool inside = deep > 0;
    if (inside && !guest.inside) {
        guest.visit = Visit{};
        guest.visit.entered = person.seen;
        guest.visit.came_through = side_crossed(polygon_, {person.foot, guest.clear});
        guest.stayed = false;
    }
    if (!inside && guest.inside && guest.real) {
        guest.visit.left = person.seen;
        guest.visit.left_through = side_crossed(polygon_, {guest.clear, person.foot});
        view.ended.push_back({guest.visit, guest.stayed});
    }
    guest.inside = inside;
    guest.clear = person.foot;
}

void Zone::stand(Guest& guest, const Person& person) {
    if (!person.stood || *person.stood < guest.visit.entered) {
        return;
    }
    if (!guest.visit.stood_from) {
        guest.visit.stood_from = person.stood;
    }
    guest.visit.stood_until = *person.stood;
}

void Zone::confirm_stay(Guest& guest, ZoneView& view) const {
    if (guest.real && !guest.stayed && guest.visit.stood_from &&
        guest.visit.stood_for() >= min_stay_) {
        guest.stayed = true;
        ++view.stays;
    }
}

void Zone::lose(Guest& guest, std::vector<ZoneView::Ended>& ended) const {
    if (!guest.inside || !guest.real) {
        return;
    }
    guest.visit.left = guest.seen;
    guest.visit.end = VisitEnd::lost;
    guest.visit.left_through = nearest_side(guest);
    ended.push_back({guest.visit, guest.stayed});
}

std::vector<ZoneView::Ended> Zone::finish() {
    std::vector<ZoneView::Ended> ended;
    for (auto& [id, guest] : guests_) {
        lose(guest, ended);
    }
    for (ZoneView::Ended& each : ended) {
        each.visit.end = VisitEnd::cut_off;
    }
    guests_.clear();
    present_ = {};
    staying_ = {};
    return ended;
}

}  // namespace cxedge::camera
