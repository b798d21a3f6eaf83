// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

// From the picture to the floor of the shop, by four points that were measured in both (a
// homography: exact on a flat floor, for a camera without much lens distortion).
class FloorMap {
public:
    // px, py, mx, my four times: fractions of the picture, metres on the floor. What is wrong with
    // `numbers` is floor_problem().
    explicit FloorMap(const std::vector<double>& numbers);

    // Metres; empty: above the horizon, or farther from the four points than half of what they
    // span, where the map only guesses.
    [[nodiscard]] std::optional<Point> to_floor(Point in_picture) const;

    // The area of the floor that to_floor() knows.
    [[nodiscard]] const Box& extent() const { return extent_; }

private:
    std::array<double, 9> map_{};
    double ahead_ = 1;  // sign of the third coordinate of what the camera sees
    Box extent_;
};

// For the installer; empty: good.
std::string floor_problem(const std::vector<double>& numbers);

}  // namespace cxedge::camera
