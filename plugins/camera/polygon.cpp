// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/polygon.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::camera {
namespace {

// Where along `way` it meets `wall`, 0 to 1.
std::optional<double> meeting(const Segment& way, const Segment& wall) {
    const Point d{way.b.x - way.a.x, way.b.y - way.a.y};
    const Point e{wall.b.x - wall.a.x, wall.b.y - wall.a.y};
    const double cross = d.x * e.y - d.y * e.x;
    if (std::abs(cross) < 1e-12) {
        return std::nullopt;
    }
    const Point to{wall.a.x - way.a.x, wall.a.y - way.a.y};
    const double along_way = (to.x * e.y - to.y * e.x) / cross;
    const double along_wall = (to.x * d.y - to.y * d.x) / cross;
    const bool meets = along_way >= 0 && along_way <= 1 && along_wall >= 0 && along_wall <= 1;
    return meets ? std::optional(along_way) : std::nullopt;
}

bool touch(const Segment& a, const Segment& b) {
    constexpr double kSame = 1e-9;
    return meeting(a, b) || distance_to(a, b.a) < kSame || distance_to(a, b.b) < kSame ||
           distance_to(b, a.a) < kSame || distance_to(b, a.b) < kSame;
}

}  // namespace

Polygon polygon_of(const std::vector<double>& points) {
    Polygon polygon;
    polygon.reserve(points.size() / 2);
    for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
        polygon.push_back({points[i], points[i + 1]});
    }
    return polygon;
}

Polygon to_pixels(const Polygon& polygon, int width, int height) {
    Polygon pixels;
    pixels.reserve(polygon.size());
    for (const Point& corner : polygon) {
        pixels.push_back({corner.x * width, corner.y * height});
    }
    return pixels;
}

Segment side_of(const Polygon& polygon, std::size_t index) {
    return {polygon[index], polygon[(index + 1) % polygon.size()]};
}

// A ray to the right crosses the outline an odd number of times.
bool contains(const Polygon& polygon, Point p) {
    bool inside = false;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const Segment side = side_of(polygon, i);
        if ((side.a.y > p.y) == (side.b.y > p.y)) {
            continue;
        }
        const double part = (p.y - side.a.y) / (side.b.y - side.a.y);
        inside = inside != (p.x < side.a.x + part * (side.b.x - side.a.x));
    }
    return inside;
}

double area_of(const Polygon& polygon) {
    double twice = 0;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const Segment side = side_of(polygon, i);
        twice += side.a.x * side.b.y - side.b.x * side.a.y;
    }
    return std::abs(twice) / 2;
}

double distance_to(const Segment& segment, Point p) {
    const double along = std::clamp(segment.along(p), 0.0, 1.0);
    return distance(
        p,
        {segment.a.x + along * (segment.b.x - segment.a.x),
         segment.a.y + along * (segment.b.y - segment.a.y)}
    );
}

std::optional<std::size_t> side_crossed(const Polygon& polygon, const Segment& way) {
    std::optional<std::size_t> first;
    double soonest = 2;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const auto at = meeting(way, side_of(polygon, i));
        if (at && *at < soonest) {
            soonest = *at;
            first = i;
        }
    }
    return first;
}

namespace {

// The first side behind `i` and its neighbour that touches side `i`; the number of sides: none.
std::size_t touching_side(const Polygon& polygon, std::size_t i) {
    const std::size_t n = polygon.size();
    for (std::size_t j = i + 2; j < n; ++j) {
        const bool neighbours = i == 0 && j + 1 == n;
        if (!neighbours && touch(side_of(polygon, i), side_of(polygon, j))) {
            return j;
        }
    }
    return n;
}

}  // namespace

std::optional<SidePair> crossing_sides(const Polygon& polygon) {
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        if (const std::size_t j = touching_side(polygon, i); j < polygon.size()) {
            return SidePair{i, j};
        }
    }
    return std::nullopt;
}

}  // namespace cxedge::camera
