// SPDX-License-Identifier: Apache-2.0
// Settings of the picture itself: what is hidden, and whether anybody may ever look at it.
#pragma once

#include <string>
#include <vector>

#include "agent/base/settings.hpp"

#include "plugins/camera/privacy_mask.hpp"

namespace cxedge::camera {

struct MaskSettings {
    std::vector<double> points;
};

struct StreamSettings {
    std::vector<MaskSettings> mask_areas;
    std::string snapshot = "never";

    [[nodiscard]] std::vector<Polygon> masks() const;
};

Schema<MaskSettings> mask_schema();

// T inherits StreamSettings.
template <class T>
void add_stream_settings(Schema<T>& schema) {
    std::vector<MaskSettings> T::*areas = &T::mask_areas;
    schema.tables("mask", areas, mask_schema(), "Areas that are made black before anything else");
    schema
        .text(
            "snapshot",
            &T::snapshot,
            "Whether `cxedge-camera snapshot` may show a picture; allowed: only in the box's own "
            "file"
        )
        .one_of({"never", "allowed"});
}

// What a schema cannot see. Every mistake goes to `problems`.
void check_stream_settings(
    const StreamSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::camera
