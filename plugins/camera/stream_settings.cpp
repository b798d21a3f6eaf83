// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/stream_settings.hpp"

#include <algorithm>

namespace cxedge::camera {
namespace {

// The layer that only somebody with the box in hand can write (agent/config).
constexpr std::string_view kLocalLayer = "site";

void check_masks(
    const std::vector<MaskSettings>& areas,
    const SettingsNode::List& nodes,
    SettingsProblems& problems
) {
    for (std::size_t i = 0; i < std::min(areas.size(), nodes.size()); ++i) {
        const SettingsNode* points = nodes[i].find("points");
        const std::string what = points == nullptr ? "" : mask_problem(areas[i].points);
        if (!what.empty()) {
            problems.add(points->position, "mask[" + std::to_string(i) + "].points", what);
        }
    }
}

}  // namespace

std::vector<Polygon> StreamSettings::masks() const {
    std::vector<Polygon> polygons;
    for (const MaskSettings& area : mask_areas) {
        polygons.push_back(polygon_of(area.points));
    }
    return polygons;
}

Schema<MaskSettings> mask_schema() {
    Schema<MaskSettings> schema;
    schema
        .numbers(
            "points",
            &MaskSettings::points,
            "x1, y1, x2, y2, x3, y3 ...: corners as fractions of the picture"
        )
        .required();
    return schema;
}

void check_stream_settings(
    const StreamSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    if (const SettingsNode* masks = node.find("mask");
        masks != nullptr && masks->list() != nullptr) {
        check_masks(settings.mask_areas, *masks->list(), problems);
    }
    const SettingsNode* snapshot = node.find("snapshot");
    const bool foreign = snapshot != nullptr && snapshot->position.layer != kLocalLayer;
    if (settings.snapshot == "allowed" && foreign) {
        problems.add(
            snapshot->position,
            "snapshot",
            "\"allowed\" may only stand in the box's own configuration file, not in a profile and "
            "not in what comes from the platform"
        );
    }
}

}  // namespace cxedge::camera
