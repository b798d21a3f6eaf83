// SPDX-License-Identifier: Apache-2.0
// Drawing into a picture, for people to look at. Hides OpenCV.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "plugins/camera/frame_source.hpp"
#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

struct Colour {
    std::uint8_t blue = 0;
    std::uint8_t green = 0;
    std::uint8_t red = 0;
};

inline constexpr Colour kLineColour{0, 210, 255};
inline constexpr Colour kZoneColour{255, 160, 0};
inline constexpr Colour kPersonColour{80, 220, 80};
inline constexpr Colour kLostColour{150, 150, 150};
inline constexpr Colour kInColour{90, 255, 90};

// Draws into a picture that must outlive it. All places in pixels, also outside of the picture.
class PictureCanvas {
public:
    explicit PictureCanvas(Frame& frame) : frame_(frame) {}

    void path(const std::vector<Point>& corners, Colour colour);
    // The way "in" over a segment.
    void arrow(Point from, Point to, Colour colour);
    void box(const Box& box, Colour colour);
    // On a dark ground, `at` is its lower left.
    void text(const std::string& text, Point at, Colour colour);

private:
    Frame& frame_;
};

}  // namespace cxedge::camera
