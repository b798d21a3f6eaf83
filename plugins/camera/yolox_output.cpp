// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/yolox_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace cxedge::camera {
namespace {

constexpr std::array<int, 3> kStrides{8, 16, 32};
// Two people overlap less than two boxes of one person do; .4 to .55 count equally well.
constexpr double kMostIou = 0.5;
// A box cannot be larger than this many pictures: exp() of a broken network could be anything.
constexpr double kMostPictures = 4;

class Reader {
public:
    Reader(const float* numbers, const YoloxShape& shape)
        : numbers_(numbers),
          cell_step_(shape.channels_first ? 1 : shape.values()),
          value_step_(shape.channels_first ? shape.cells() : 1) {}
    [[nodiscard]] double at(std::size_t cell, std::size_t value) const {
        return numbers_[cell * cell_step_ + value * value_step_];
    }

private:
    const float* numbers_;
    std::size_t cell_step_;
    std::size_t value_step_;
};

Box box_of(const Reader& reader, std::size_t cell, Point corner, double stride) {
    const Point centre{
        (corner.x + reader.at(cell, 0)) * stride, (corner.y + reader.at(cell, 1)) * stride};
    return box_around(
        centre, std::exp(reader.at(cell, 2)) * stride, std::exp(reader.at(cell, 3)) * stride
    );
}

bool sane(const Box& box, const YoloxShape& shape) {
    return std::isfinite(box.x) && std::isfinite(box.y) &&
           box.width < kMostPictures * shape.width && box.height < kMostPictures * shape.height;
}

}  // namespace

std::size_t YoloxShape::cells() const {
    std::size_t sum = 0;
    for (const int stride : kStrides) {
        sum += static_cast<std::size_t>(width / stride) * static_cast<std::size_t>(height / stride);
    }
    return sum;
}

namespace {

// The cells of one grid: `first` is its first one.
struct Grid {
    int stride = 0;
    std::size_t first = 0;
    std::size_t columns = 0;
    std::size_t count = 0;
};

void add_people(
    const Reader& reader,
    const YoloxShape& shape,
    const Grid& grid,
    double least_score,
    std::vector<Detection>& found
) {
    for (std::size_t i = 0; i < grid.count; ++i) {
        const std::size_t cell = grid.first + i;
        const double score = reader.at(cell, 4) * reader.at(cell, 5);
        if (!(score >= least_score)) {
            continue;
        }
        const std::size_t row = i / grid.columns;
        const Point corner{static_cast<double>(i % grid.columns), static_cast<double>(row)};
        const Box box = box_of(reader, cell, corner, grid.stride);
        if (sane(box, shape)) {
            found.push_back({box, std::min(score, 1.0)});
        }
    }
}

}  // namespace

std::vector<Detection> people_of(
    const float* numbers, const YoloxShape& shape, double least_score
) {
    const Reader reader(numbers, shape);
    std::vector<Detection> found;
    Grid grid;
    for (const int stride : kStrides) {
        grid.first += grid.count;
        grid.stride = stride;
        grid.columns = static_cast<std::size_t>(shape.width / stride);
        grid.count = grid.columns * static_cast<std::size_t>(shape.height / stride);
        add_people(reader, shape, grid, least_score, found);
    }
    return without_overlaps(std::move(found), kMostIou);
}

std::vector<Detection> without_overlaps(std::vector<Detection> found, double most_iou) {
    std::stable_sort(found.begin(), found.end(), [](const Detection& a, const Detection& b) {
        return a.score > b.score;
    });
    std::vector<Detection> kept;
    for (const Detection& each : found) {
        const bool repeated = std::any_of(kept.begin(), kept.end(), [&](const Detection& better) {
            return iou(each.box, better.box) > most_iou;
        });
        if (!repeated) {
            kept.push_back(each);
        }
    }
    return kept;
}

}  // namespace cxedge::camera
