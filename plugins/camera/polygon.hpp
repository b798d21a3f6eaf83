// SPDX-License-Identifier: Apache-2.0
// Areas of the picture or of the floor.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

// Corners in order, either way round; side i runs from corner i to the next.
using Polygon = std::vector<Point>;

// From x1, y1, x2, y2, ... as an installer writes them. Requires an even count.
[[nodiscard]] Polygon polygon_of(const std::vector<double>& points);

// From fractions of the picture.
[[nodiscard]] Polygon to_pixels(const Polygon& polygon, int width, int height);

[[nodiscard]] Segment side_of(const Polygon& polygon, std::size_t index);

[[nodiscard]] bool contains(const Polygon& polygon, Point p);

[[nodiscard]] double area_of(const Polygon& polygon);

// To the nearest point of the segment, not of the infinite line.
[[nodiscard]] double distance_to(const Segment& segment, Point p);

// The side that the way from `from` to `to` crosses first.
[[nodiscard]] std::optional<std::size_t> side_crossed(const Polygon& polygon, const Segment& way);

// Two sides that cross or touch, neighbours at their corner aside: not an area.
struct SidePair {
    std::size_t first = 0;
    std::size_t second = 0;
};
[[nodiscard]] std::optional<SidePair> crossing_sides(const Polygon& polygon);

}  // namespace cxedge::camera
