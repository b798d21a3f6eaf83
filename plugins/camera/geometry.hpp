// SPDX-License-Identifier: Apache-2.0
// Plain shapes in the pixels of the analysed picture, y down.
#pragma once

#include <algorithm>
#include <cmath>

namespace cxedge::camera {

struct Point {
    double x = 0;
    double y = 0;
};

struct Box {
    double x = 0;  // left
    double y = 0;  // top
    double width = 0;
    double height = 0;

    [[nodiscard]] double right() const { return x + width; }
    [[nodiscard]] double bottom() const { return y + height; }
    [[nodiscard]] double area() const { return width * height; }
    // One length for "how big is this person": distances are measured in it.
    [[nodiscard]] double scale() const { return std::sqrt(std::max(area(), 1.0)); }
    [[nodiscard]] Point centre() const { return {x + width / 2, y + height / 2}; }
};

inline Box box_around(Point centre, double width, double height) {
    return {centre.x - width / 2, centre.y - height / 2, width, height};
}

inline Box scaled(const Box& box, double by) {
    return {box.x * by, box.y * by, box.width * by, box.height * by};
}

inline double overlap_area(const Box& a, const Box& b) {
    const double width = std::min(a.right(), b.right()) - std::max(a.x, b.x);
    const double height = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y);
    return width > 0 && height > 0 ? width * height : 0;
}

// Intersection over union, 0 to 1.
inline double iou(const Box& a, const Box& b) {
    const double both = overlap_area(a, b);
    const double any = a.area() + b.area() - both;
    return any > 0 ? both / any : 0;
}

inline double distance(Point a, Point b) {
    return std::hypot(a.x - b.x, a.y - b.y);
}

struct Segment {
    Point a;
    Point b;

    [[nodiscard]] double length() const { return distance(a, b); }
    // Distance of `p` from the infinite line, positive on the "in" side: for a line drawn from top
    // to bottom that is the left, for one drawn from left to right the lower side.
    [[nodiscard]] double signed_distance(Point p) const {
        return ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)) / std::max(length(), 1e-9);
    }
    // Where the foot of the perpendicular from `p` falls: 0 at a, 1 at b.
    [[nodiscard]] double along(Point p) const {
        const double square = std::max(length() * length(), 1e-9);
        return ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / square;
    }
};

}  // namespace cxedge::camera
