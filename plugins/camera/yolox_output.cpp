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

std::vector<Detection> people_of(
    const float* numbers, const YoloxShape& shape, double least_score
) {
    const Reader reader(numbers, shape);
    std::vector<Detection> found;
    std::size_t first = 0;  // cell of this grid
    for (const int stride : kStrides) {
        const auto columns = static_cast<std::size_t>(shape.width / stride);
        const std::size_t count = columns * static_cast<std::size_t>(shape.height / stride);
        for (std::size_t i = 0; i < count; ++i) {
            const double score = reader.at(first + i, 4) * reader.at(first + i, 5);
            if (!(score >= least_score)) {
                continue;
            }
            const Point corner{double(i % columns), double(i / columns)};
            const Box box = box_of(reader, first + i, corner, stride);
            if (sane(box, shape)) {
                found.push_back({box, std::min(score, 1.0)});
            }
        }
        first += count;
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
