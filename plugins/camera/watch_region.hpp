// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plugins/camera/geometry.hpp"

namespace cxedge::camera {

struct PixelSize {
    int width = 0;
    int height = 0;
};

// The part of the picture that matters for lines and zones: a network of a fixed size sees people
// larger if it does not have to look at the rest.
class WatchRegion {
public:
    // `points`: all corners of lines and zones as fractions of the picture; none = everything.
    explicit WatchRegion(const std::vector<Point>& points);

    // What to cut out of a picture for a network that takes `input`, in pixels. The whole picture
    // where cutting would not make people a fifth larger.
    [[nodiscard]] Box in(PixelSize picture, PixelSize input) const;

    // How wide pictures should be so that a cut-out of them fills the network's input.
    [[nodiscard]] int picture_width(PixelSize input) const;

private:
    Box part_{0, 0, 1, 1};  // fractions of the picture
};

}  // namespace cxedge::camera
