// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/camera/synthetic_world.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace cxedge::test {
namespace {

using camera::Box;
using camera::Detection;
using camera::Frame;
using camera::Point;

constexpr double kPi = 3.14159265358979;

struct Colour {
    int blue = 0;
    int green = 0;
    int red = 0;
};

std::optional<Point> foot_at(const WalkPath& path, double at_s) {
    if (path.empty() || at_s < path.front().at_s || at_s > path.back().at_s) {
        return std::nullopt;
    }
    for (std::size_t i = 1; i < path.size(); ++i) {
        const Waypoint& a = path[i - 1];
        const Waypoint& b = path[i];
        if (at_s <= b.at_s) {
            const double part = (at_s - a.at_s) / std::max(b.at_s - a.at_s, 1e-9);
            return Point{
                a.foot.x + part * (b.foot.x - a.foot.x), a.foot.y + part * (b.foot.y - a.foot.y)};
        }
    }
    return path.back().foot;
}

// A camera that looks down at a slant: who is nearer is larger.
Box body(Point foot) {
    const double height = (0.16 + 0.16 * foot.y) * SyntheticWorld::kHeight;
    const double width = 0.4 * height;
    return {
        foot.x * SyntheticWorld::kWidth - width / 2,
        foot.y * SyntheticWorld::kHeight - height,
        width,
        height};
}

// Pixels of the box's lower left and upper right that the picture has.
struct Pixels {
    int left = 0;
    int top = 0;
    int right = 0;
    int bottom = 0;
};

Pixels pixels_of(const Box& box) {
    return {
        std::max(0, static_cast<int>(std::floor(box.x))),
        std::max(0, static_cast<int>(std::floor(box.y))),
        std::min(SyntheticWorld::kWidth, static_cast<int>(std::ceil(box.right()))),
        std::min(SyntheticWorld::kHeight, static_cast<int>(std::ceil(box.bottom())))};
}

bool in_ellipse(const Box& box, double x, double y) {
    const Point centre = box.centre();
    const double across = (x - centre.x) / (box.width / 2);
    const double along = (y - centre.y) / (box.height / 2);
    return across * across + along * along <= 1;
}

std::uint8_t* pixel(Frame& frame, int x, int y) {
    return &frame.bgr
                [(static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
                  static_cast<std::size_t>(x)) *
                 3];
}

void fill_ellipse(Frame& frame, const Box& box, const Colour& colour) {
    const Pixels area = pixels_of(box);
    for (int y = area.top; y < area.bottom; ++y) {
        for (int x = area.left; x < area.right; ++x) {
            if (in_ellipse(box, x + 0.5, y + 0.5)) {
                std::uint8_t* bgr = pixel(frame, x, y);
                bgr[0] = static_cast<std::uint8_t>(colour.blue);
                bgr[1] = static_cast<std::uint8_t>(colour.green);
                bgr[2] = static_cast<std::uint8_t>(colour.red);
            }
        }
    }
}

void darken_ellipse(Frame& frame, const Box& box, double share) {
    const Pixels area = pixels_of(box);
    for (int y = area.top; y < area.bottom; ++y) {
        for (int x = area.left; x < area.right; ++x) {
            if (in_ellipse(box, x + 0.5, y + 0.5)) {
                std::uint8_t* bgr = pixel(frame, x, y);
                for (int c = 0; c < 3; ++c) {
                    bgr[c] = static_cast<std::uint8_t>(bgr[c] * share);
                }
            }
        }
    }
}

// Shadow, legs that swing, body, head.
void draw_person(Frame& frame, const Box& box, std::size_t who, double at_s) {
    const double w = box.width;
    const double h = box.height;
    darken_ellipse(frame, {box.x + 0.3 * w, box.bottom() - 0.08 * h, 1.1 * w, 0.13 * h}, 0.75);
    const int shade = static_cast<int>(who * 37 % 90);
    const double swing = 0.15 * w * std::sin(2 * kPi * 1.8 * at_s + static_cast<double>(who));
    for (const double leg : {-1.0, 1.0}) {
        const double x = box.centre().x - 0.15 * w + leg * (0.13 * w + swing);
        fill_ellipse(frame, {x, box.y + 0.5 * h, 0.3 * w, 0.5 * h}, {40 + shade, 30, 30});
    }
    fill_ellipse(
        frame, {box.x + 0.1 * w, box.y + 0.12 * h, 0.8 * w, 0.5 * h}, {30, 30 + shade, 190 - shade}
    );
    fill_ellipse(frame, {box.x + 0.3 * w, box.y, 0.4 * w, 0.17 * h}, {120, 150, 200});
}

}  // namespace

WalkPath straight(double from_s, Point from, Point to, double speed) {
    WalkPath path{{from_s, from}};
    return then_walk(path, to, speed);
}

WalkPath& then_stand(WalkPath& path, double seconds) {
    path.push_back({path.back().at_s + seconds, path.back().foot});
    return path;
}

WalkPath& then_walk(WalkPath& path, Point to, double speed) {
    const Waypoint last = path.back();
    path.push_back({last.at_s + camera::distance(last.foot, to) / speed, to});
    return path;
}

SyntheticWorld::SyntheticWorld(std::uint32_t seed) : random_(seed) {
    const std::size_t bytes = static_cast<std::size_t>(kWidth) * kHeight * 3;
    // Tiles with grain.
    for (std::size_t i = 0; i < bytes; ++i) {
        const std::size_t x = i / 3 % kWidth;
        const std::size_t y = i / 3 / kWidth;
        const int tile = (x / 32 + y / 24) % 2 == 0 ? 150 : 135;
        floor_.push_back(static_cast<std::uint8_t>(tile + static_cast<int>(random_() % 9)));
    }
}

double SyntheticWorld::chance(double from, double to) {
    return from + (to - from) * (static_cast<double>(random_()) / 4294967296.0);
}

double SyntheticWorld::end_s() const {
    double end = 0;
    for (const WalkPath& path : walkers_) {
        end = std::max(end, path.back().at_s);
    }
    return end;
}

std::vector<Box> SyntheticWorld::people(double at_s) const {
    std::vector<Box> boxes;
    for (const WalkPath& path : walkers_) {
        if (const auto foot = foot_at(path, at_s)) {
            boxes.push_back(body(*foot));
        }
    }
    return boxes;
}

std::vector<Detection> SyntheticWorld::detections(double at_s, const DetectionNoise& noise) {
    std::vector<Detection> seen;
    if (at_s >= hidden_.from_s && at_s < hidden_.until_s) {
        return seen;
    }
    std::vector<Box> there = people(at_s);
    for (const Point& foot : dummies_) {
        there.push_back(body(foot));
    }
    for (const Box& box : there) {
        if (chance(0, 1) < noise.miss) {
            continue;
        }
        const double by = noise.jitter * box.width;
        const double width = box.width + chance(-by, by);
        const double height = box.height + chance(-by, by);
        const Point at{box.centre().x + chance(-by, by), box.centre().y + chance(-by, by)};
        seen.push_back({camera::box_around(at, width, height), chance(0.6, 0.95)});
    }
    if (chance(0, 1) < noise.false_rate) {
        seen.push_back({body({chance(0, 1), chance(0.3, 1)}), chance(0.3, 0.6)});
    }
    return seen;
}

Frame SyntheticWorld::picture(double at_s) {
    Frame frame;
    frame.width = kWidth;
    frame.height = kHeight;
    frame.bgr = floor_;
    frame.time = std::chrono::microseconds(static_cast<std::int64_t>(std::llround(at_s * 1e6)));
    std::vector<std::pair<double, std::size_t>> from_behind;
    std::vector<std::optional<Point>> feet;
    for (std::size_t i = 0; i < walkers_.size(); ++i) {
        feet.push_back(foot_at(walkers_[i], at_s));
        if (feet[i]) {
            from_behind.emplace_back(feet[i]->y, i);
        }
    }
    std::sort(from_behind.begin(), from_behind.end());
    for (const auto& [y, who] : from_behind) {
        draw_person(frame, body(*feet[who]), who, at_s);
    }
    const double light = light_ ? light_(at_s) : 1;
    for (std::uint8_t& byte : frame.bgr) {
        const double lit = byte * light + static_cast<double>(random_() % 5) - 2;
        byte = static_cast<std::uint8_t>(std::clamp(lit, 0.0, 255.0));
    }
    return frame;
}

std::vector<Detection> KnowingDetector::detect(const Frame& frame, bool /*followed*/) {
    const double at_s = std::chrono::duration<double>(frame.time).count();
    return world_.detections(at_s, noise_);
}

}  // namespace cxedge::test
