// SPDX-License-Identifier: Apache-2.0
// The numbers of a YOLOX network to boxes. https://arxiv.org/abs/2107.08430, section 2.1
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/camera/detector.hpp"

namespace cxedge::camera {

// How a YOLOX network gives its answer: for each cell of three grids x, y, w, h, "something is
// here", and one value a class, of which the first is a person.
struct YoloxShape {
    int width = 0;  // of the picture it takes, multiple of 32
    int height = 0;
    int classes = 1;
    bool channels_first = false;  // [values][cells] instead of [cells][values]

    [[nodiscard]] std::size_t cells() const;
    [[nodiscard]] std::size_t values() const { return 5 + static_cast<std::size_t>(classes); }
};

// People scored at least `least_score`, in pixels of the network's picture, overlaps removed, best
// first. `numbers`: shape.cells() * shape.values() of them. A number that is not finite is nobody.
std::vector<Detection> people_of(const float* numbers, const YoloxShape& shape, double least_score);

// Keeps the best of detections that overlap by more than `most_iou`.
std::vector<Detection> without_overlaps(std::vector<Detection> found, double most_iou);

}  // namespace cxedge::camera
