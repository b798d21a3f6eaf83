// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/watch_region.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::camera {
namespace {

// Around lines and zones, as a share of the picture: people must be seen whole, and for some steps
// before and behind a line.
constexpr double kMargin = 0.25;
constexpr double kLeastGain = 1.2;
// Wider pictures cost more to convert than a network of this size gains by them.
constexpr int kWidest = 1280;

// How many pixels of the input a pixel of the region gets.
double magnification(const Box& region, PixelSize input) {
    return std::min(input.width / region.width, input.height / region.height);
}

// As much more around `region` as fits into the input anyway.
Box filled(const Box& region, PixelSize picture, PixelSize input) {
    const double scale = magnification(region, input);
    const double width = std::min<double>(picture.width, input.width / scale);
    const double height = std::min<double>(picture.height, input.height / scale);
    const Point centre = region.centre();
    return {
        std::clamp(centre.x - width / 2, 0.0, picture.width - width),
        std::clamp(centre.y - height / 2, 0.0, picture.height - height),
        width,
        height};
}

}  // namespace

WatchRegion::WatchRegion(const std::vector<Point>& points) {
    if (points.empty()) {
        return;
    }
    Point low{1, 1};
    Point high{0, 0};
    for (const Point& p : points) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y)};
    }
    low = {std::max(0.0, low.x - kMargin), std::max(0.0, low.y - kMargin)};
    high = {std::min(1.0, high.x + kMargin), std::min(1.0, high.y + kMargin)};
    part_ = {low.x, low.y, high.x - low.x, high.y - low.y};
}

Box WatchRegion::in(PixelSize picture, PixelSize input) const {
    const Box all{0, 0, double(picture.width), double(picture.height)};
    const Box region{
        part_.x * picture.width,
        part_.y * picture.height,
        part_.width * picture.width,
        part_.height * picture.height};
    const bool worth = magnification(region, input) >= kLeastGain * magnification(all, input);
    return worth ? filled(region, picture, input) : all;
}

int WatchRegion::picture_width(PixelSize input) const {
    const double share = std::max(part_.width, part_.height);
    const double wanted = kLeastGain * share > 1 ? input.width : input.width / share;
    return std::min(kWidest, static_cast<int>(std::ceil(wanted / 2)) * 2);
}

}  // namespace cxedge::camera
