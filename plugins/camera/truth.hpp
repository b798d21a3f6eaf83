// SPDX-License-Identifier: Apache-2.0
// What people saw in clips, to compare with.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/camera/line_counter.hpp"
#include "plugins/camera/polygon.hpp"

namespace cxedge::camera {

struct TruthEvent {
    double frame = 0;  // number of the picture in the clip, from 0
    Direction direction = Direction::in;
};

struct TruthLine {
    std::string clip;  // file name without folder
    LinePoints line;
    int in = 0;
    int out = 0;
    std::vector<TruthEvent> events;  // may be empty: only counted
    bool known = true;               // false: nobody counted, there is only a line
};

struct TruthZone {
    std::string clip;
    Polygon polygon;              // fractions of the picture
    std::vector<double> dwell_s;  // how long each visitor stood there, in order; may be empty
    std::vector<int> occupancy;   // people in each picture of the clip; may be empty
};

struct TruthFile {
    std::vector<TruthLine> lines;
    std::vector<TruthZone> zones;
};

// {"lines": [{"clip", "line": [x1, y1, ...], "in", "out", "events": [[frame, "in" | "out"]]}],
//  "zones": [{"clip", "zone": [[x, y], ...], "dwell_s": [s], "per_frame": [people]}]}
// Other members are ignored. not_found: no file; corrupt: says which entry is wrong.
Result<TruthFile> read_truth(const std::string& path);

}  // namespace cxedge::camera
