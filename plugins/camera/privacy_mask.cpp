// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/privacy_mask.hpp"

#include <algorithm>
#include <cstddef>

#include "plugins/camera/frame_source.hpp"

namespace cxedge::camera {
namespace {

// Area averaging reaches less than two pixels of the reduced picture.
constexpr double kMargin = 2;

bool near_edge(const Polygon& polygon, Point p) {
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        if (distance_to(side_of(polygon, i), p) <= kMargin) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string mask_problem(const std::vector<double>& points) {
    if (points.size() < 6 || points.size() % 2 != 0) {
        return "has " + std::to_string(points.size()) +
               " numbers, but needs x1, y1, x2, y2, x3, y3 and so on: at least three corners";
    }
    const bool in_picture =
        std::all_of(points.begin(), points.end(), [](double p) { return p >= 0 && p <= 1; });
    return in_picture ? "" : "must be fractions of the picture, 0 to 1";
}

bool PrivacyMask::covers(Point place) const {
    return std::any_of(polygons_.begin(), polygons_.end(), [&](const Polygon& each) {
        return contains(each, place);
    });
}

void PrivacyMask::add_row(int y, const std::vector<bool>& hidden) {
    const std::size_t row = static_cast<std::size_t>(y) * hidden.size();
    std::size_t x = 0;
    while (x < hidden.size()) {
        const std::size_t from = x;
        while (x < hidden.size() && hidden[x]) {
            ++x;
        }
        if (x > from) {
            spans_.push_back({(row + from) * 3, (x - from) * 3});
        }
        ++x;
    }
}

// Once for each size: the spans are what costs nothing later.
void PrivacyMask::fit(int width, int height) {
    width_ = width;
    height_ = height;
    spans_.clear();
    std::vector<Polygon> polygons;
    for (const Polygon& each : polygons_) {
        polygons.push_back(to_pixels(each, width, height));
    }
    const auto is_hidden = [&polygons](Point p) {
        return std::any_of(polygons.begin(), polygons.end(), [p](const Polygon& each) {
            return contains(each, p) || near_edge(each, p);
        });
    };
    std::vector<bool> hidden(static_cast<std::size_t>(width));
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            hidden[static_cast<std::size_t>(x)] = is_hidden({x + 0.5, y + 0.5});
        }
        add_row(y, hidden);
    }
}

void PrivacyMask::apply(Frame& frame) {
    if (polygons_.empty()) {
        return;
    }
    if (frame.width != width_ || frame.height != height_) {
        fit(frame.width, frame.height);
    }
    for (const Span& span : spans_) {
        const auto from = frame.bgr.begin() + static_cast<std::ptrdiff_t>(span.first);
        std::fill_n(from, span.bytes, std::uint8_t{0});
    }
}

}  // namespace cxedge::camera
