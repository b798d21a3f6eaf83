// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/polyline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cxedge::camera {
namespace {

// Nearer than this to each other are two parts that meet in the nearest corner, pixels.
constexpr double kSameDistance = 1e-6;

bool cuts(const Segment& line, Point from, Point to) {
    const double before = line.signed_distance(from);
    const double after = line.signed_distance(to);
    if ((before > 0) == (after > 0)) {
        return false;
    }
    const double part = before / (before - after);
    const double along =
        line.along({from.x + part * (to.x - from.x), from.y + part * (to.y - from.y)});
    return along >= 0 && along <= 1;
}

}  // namespace

// Where two parts meet, both are equally near to what lies outside of the bend; then the one that
// sees `p` more from the front knows the side.
std::size_t Polyline::nearest_part(Point p) const {
    std::size_t best = 0;
    double best_away = std::numeric_limits<double>::infinity();
    const std::size_t parts = corners_.size() - 1;
    for (std::size_t i = 0; i < parts; ++i) {
        const Segment line = part(i);
        const double low = i == 0 ? -std::numeric_limits<double>::infinity() : 0;
        const double high = i + 1 == parts ? std::numeric_limits<double>::infinity() : 1;
        const double along = std::clamp(line.along(p), low, high);
        const Point foot{
            line.a.x + along * (line.b.x - line.a.x), line.a.y + along * (line.b.y - line.a.y)};
        const double away = distance(p, foot);
        const bool tie = std::abs(away - best_away) < kSameDistance;
        const bool frontal =
            tie && std::abs(line.signed_distance(p)) > std::abs(part(best).signed_distance(p));
        if (frontal || (!tie && away < best_away)) {
            best = i;
            best_away = away;
        }
    }
    return best;
}

Segment Polyline::nearest(Point p) const {
    return part(nearest_part(p));
}

double Polyline::signed_distance(Point p) const {
    return nearest(p).signed_distance(p);
}

bool Polyline::crossed(Point from, Point to) const {
    for (std::size_t i = 0; i + 1 < corners_.size(); ++i) {
        if (cuts(part(i), from, to)) {
            return true;
        }
    }
    return false;
}

Polyline to_pixels(const LinePoints& line, int width, int height) {
    std::vector<Point> corners;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
        corners.push_back({line[i] * width, line[i + 1] * height});
    }
    return Polyline(std::move(corners));
}

}  // namespace cxedge::camera
