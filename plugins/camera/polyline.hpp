// SPDX-License-Identifier: Apache-2.0
// Counting lines, straight or bent.
#pragma once

#include <vector>

#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

// A counting line as the installer writes it: x1, y1, x2, y2, ... as fractions of the picture.
using LinePoints = std::vector<double>;

// At least two corners. Both ends go on straight for the question on which side somebody is, but
// not for the question whether somebody crossed.
class Polyline {
public:
    explicit Polyline(std::vector<Point> corners) : corners_(std::move(corners)) {}

    // Distance of `p`, positive on the "in" side: for a line drawn from top to bottom that is the
    // left, for one drawn from left to right the lower side.
    [[nodiscard]] double signed_distance(Point p) const;

    // Whether the straight way from `from` to `to` leads through the line itself.
    [[nodiscard]] bool crossed(Point from, Point to) const;

    // From the first corner to the last.
    [[nodiscard]] Segment chord() const { return {corners_.front(), corners_.back()}; }

    // The part of the line that `p` is nearest to.
    [[nodiscard]] Segment nearest(Point p) const;

    [[nodiscard]] const std::vector<Point>& corners() const { return corners_; }

private:
    std::vector<Point> corners_;

    [[nodiscard]] Segment part(std::size_t index) const {
        return {corners_[index], corners_[index + 1]};
    }
    [[nodiscard]] std::size_t nearest_part(Point p) const;
};

Polyline to_pixels(const LinePoints& line, int width, int height);

}  // namespace cxedge::camera
