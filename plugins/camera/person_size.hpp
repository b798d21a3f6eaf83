// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

struct Size {
    double width = 0;
    double height = 0;
    [[nodiscard]] double area() const { return width * height; }
};

// How big a person is in this picture, learnt from what moves alone: people lower in the picture
// are usually nearer and bigger, so the size depends on where the feet are.
class PersonSize {
public:
    explicit PersonSize(int picture_height) : picture_height_(picture_height) {}

    // A patch that may be one person: not cut by the border of the picture. Bigger ones count for
    // more, as one person may fall into many fragments.
    void observe(const Box& box, double pixels);

    // True once enough has been seen to judge by it.
    [[nodiscard]] bool known() const { return samples_.size() >= kEnough; }

    // Requires known().
    [[nodiscard]] Size at(double foot_y) const;

private:
    static constexpr std::size_t kEnough = 25;
    static constexpr std::size_t kKept = 1000;
    static constexpr int kBands = 16;  // heights at which the size is looked up

    struct Sample {
        double foot_y = 0;
        double width = 0;
        double height = 0;
        double pixels = 0;
    };
    int picture_height_;
    std::deque<Sample> samples_;
    std::size_t since_refresh_ = 0;
    std::vector<Size> bands_;

    void refresh();
    [[nodiscard]] Size typical(double foot_y) const;
};

}  // namespace cxedge::camera
