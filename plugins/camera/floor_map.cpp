// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/floor_map.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "plugins/camera/polygon.hpp"

namespace cxedge::camera {
namespace {

using Matrix = std::array<double, 9>;
using Triple = std::array<double, 3>;

constexpr std::size_t kNumbers = 16;
constexpr double kMargin = 0.5;
// Less is a line rather than an area: shares of the picture, square metres.
constexpr double kLeastInPicture = 0.001;
constexpr double kLeastOnFloor = 0.1;
constexpr double kFarthestM = 1000;

Triple times(const Matrix& m, const Triple& v) {
    return {
        m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
        m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
        m[6] * v[0] + m[7] * v[1] + m[8] * v[2]};
}

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix product{};
    for (std::size_t column = 0; column < 3; ++column) {
        const Triple image = times(a, Triple{b[column], b[3 + column], b[6 + column]});
        product[column] = image[0];
        product[3 + column] = image[1];
        product[6 + column] = image[2];
    }
    return product;
}

// The inverse up to a factor, which a homography does not care about.
Matrix adjugate(const Matrix& m) {
    return {
        m[4] * m[8] - m[5] * m[7],
        m[2] * m[7] - m[1] * m[8],
        m[1] * m[5] - m[2] * m[4],
        m[5] * m[6] - m[3] * m[8],
        m[0] * m[8] - m[2] * m[6],
        m[2] * m[3] - m[0] * m[5],
        m[3] * m[7] - m[4] * m[6],
        m[1] * m[6] - m[0] * m[7],
        m[0] * m[4] - m[1] * m[3]};
}

// Takes the unit vectors to three of the points and (1, 1, 1) to the fourth.
Matrix basis_to(const Polygon& p) {
    const Matrix columns{p[0].x, p[1].x, p[2].x, p[0].y, p[1].y, p[2].y, 1, 1, 1};
    const Triple scale = times(adjugate(columns), Triple{p[3].x, p[3].y, 1});
    Matrix scaled = columns;
    for (std::size_t i = 0; i < scaled.size(); ++i) {
        scaled[i] *= scale[i % 3];
    }
    return scaled;
}

Polygon points_of(const std::vector<double>& numbers, std::size_t first) {
    Polygon points;
    for (std::size_t i = first; i + 1 < kNumbers; i += 4) {
        points.push_back({numbers[i], numbers[i + 1]});
    }
    return points;
}

Box around(const Polygon& points) {
    Box box{points[0].x, points[0].y, 0, 0};
    for (const Point& p : points) {
        const double right = std::max(box.right(), p.x);
        const double bottom = std::max(box.bottom(), p.y);
        box.x = std::min(box.x, p.x);
        box.y = std::min(box.y, p.y);
        box.width = right - box.x;
        box.height = bottom - box.y;
    }
    return box;
}

// All turns the same way: no corner lies within or on the triangle of the others.
bool convex(const Polygon& points) {
    int left = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const Segment side = side_of(points, i);
        left += side.signed_distance(points[(i + 2) % points.size()]) > 0 ? 1 : 0;
    }
    return left == 0 || left == 4;
}

}  // namespace

FloorMap::FloorMap(const std::vector<double>& numbers) {
    const Polygon picture = points_of(numbers, 0);
    const Polygon floor = points_of(numbers, 2);
    map_ = times(basis_to(floor), adjugate(basis_to(picture)));
    ahead_ = times(map_, Triple{picture[0].x, picture[0].y, 1})[2] < 0 ? -1 : 1;
    const Box measured = around(floor);
    extent_ = box_around(
        measured.centre(), measured.width * (1 + 2 * kMargin), measured.height * (1 + 2 * kMargin)
    );
}

std::optional<Point> FloorMap::to_floor(Point in_picture) const {
    const Triple image = times(map_, Triple{in_picture.x, in_picture.y, 1});
    if (image[2] * ahead_ <= 0) {
        return std::nullopt;
    }
    const Point at{image[0] / image[2], image[1] / image[2]};
    const bool known = at.x >= extent_.x && at.x <= extent_.right() && at.y >= extent_.y &&
                       at.y <= extent_.bottom();
    return known ? std::optional(at) : std::nullopt;
}

std::string floor_problem(const std::vector<double>& numbers) {
    if (numbers.size() != kNumbers) {
        return fmt::format(
            "has {} numbers, but needs 16: px, py, mx, my for each of 4 points", numbers.size()
        );
    }
    const Polygon picture = points_of(numbers, 0);
    const Polygon floor = points_of(numbers, 2);
    const bool in_picture = std::all_of(picture.begin(), picture.end(), [](const Point& p) {
        return p.x >= 0 && p.x <= 1 && p.y >= 0 && p.y <= 1;
    });
    if (!in_picture) {
        return "has px or py that are no fractions of the picture, 0 to 1";
    }
    const bool on_earth = std::all_of(floor.begin(), floor.end(), [](const Point& p) {
        return std::abs(p.x) <= kFarthestM && std::abs(p.y) <= kFarthestM;
    });
    if (!on_earth) {
        return "has mx or my beyond 1000 metres";
    }
    if (area_of(picture) < kLeastInPicture || area_of(floor) < kLeastOnFloor) {
        return "has points that lie on one line or at one place: take the corners of a large "
               "rectangle on the floor";
    }
    if (!convex(picture) || !convex(floor)) {
        return "has points that do not go round: name the four corners one after the other, the "
               "same way round in the picture and on the floor";
    }
    return {};
}

}  // namespace cxedge::camera
