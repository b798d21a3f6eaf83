// SPDX-License-Identifier: Apache-2.0
// Places that nobody may look at (a neighbour's window, a till's display), made black before
// anything else sees the picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/camera/polygon.hpp"

namespace cxedge::camera {

struct Frame;

// What is wrong with corners x1, y1, x2, y2, ... of a mask, or empty.
std::string mask_problem(const std::vector<double>& points);

// Thread: one.
class PrivacyMask {
public:
    explicit PrivacyMask(std::vector<Polygon> polygons) : polygons_(std::move(polygons)) {}

    // Blackens the polygons, and two pixels around them: scaling mixes neighbours.
    void apply(Frame& frame);

    // Whether a place, as fractions of the picture, is hidden.
    [[nodiscard]] bool covers(Point place) const;

private:
    struct Span {
        std::size_t first = 0;  // byte in Frame::bgr
        std::size_t bytes = 0;
    };
    std::vector<Polygon> polygons_;
    std::vector<Span> spans_;  // for pictures of this size
    int width_ = 0;
    int height_ = 0;

    void fit(int width, int height);
    void add_row(int y, const std::vector<bool>& hidden);
};

}  // namespace cxedge::camera
