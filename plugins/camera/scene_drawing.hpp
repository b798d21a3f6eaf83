// SPDX-License-Identifier: Apache-2.0
// Lines, zones and people drawn into a picture.
#pragma once

#include <vector>

#include "plugins/camera/picture_canvas.hpp"
#include "plugins/camera/scene.hpp"

namespace cxedge::camera {

struct LineTotals {
    int in = 0;
    int out = 0;
    int past = 0;
};

// What lines and zones say up to a picture.
struct SceneTotals {
    std::vector<LineTotals> lines;
    std::vector<int> present;  // in each zone

    explicit SceneTotals(const SceneLayout& layout)
        : lines(layout.lines.size()), present(layout.zones.size()) {}
    void add(const SceneReport& report);
};

// With the totals at each line and zone; null: without.
void draw_layout(Frame& frame, const SceneLayout& layout, const SceneTotals* totals);

// Boxes with the number of the track; grey where only expected.
void draw_people(Frame& frame, const std::vector<Track>& tracks);

}  // namespace cxedge::camera
