// SPDX-License-Identifier: Apache-2.0
// What moves against a learnt background. Hides OpenCV.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plugins/camera/frame_source.hpp"
#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

// A connected patch of foreground.
struct Patch {
    Box box;         // whole pixels
    int pixels = 0;  // foreground pixels in it
    int label = 0;   // its number in ForegroundMask::labels
};

struct ForegroundMask {
    double reduction = 1;  // pixels of the picture a pixel of the mask
    int width = 0;
    int height = 0;
    std::vector<std::uint16_t> labels;  // 0 = background
    std::vector<Patch> patches;
    double share = 0;  // of the picture

    // Foreground pixels in `box` (of the mask) as a share of it.
    [[nodiscard]] double share_in(const Box& box) const;
};

// Thread: the one that made it (OpenCV's random generator belongs to a thread).
class Foreground {
public:
    // Pictures are reduced to `width` pixels. To see the shape of people needs about 320, to see
    // that something moves half of that.
    explicit Foreground(int width);
    ~Foreground();
    Foreground(const Foreground&) = delete;
    Foreground& operator=(const Foreground&) = delete;

    // Compares the picture with the background and learns it. The result is valid until the next
    // call. Patches smaller than 0.03 % of the picture are noise.
    const ForegroundMask& update(const Frame& frame);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::camera
