// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/kept_view.hpp"

#include <vector>

#include <fmt/core.h>

#include "agent/base/fnv.hpp"

namespace cxedge::camera {
namespace {

void add_points(std::string& text, std::string_view of, const std::vector<double>& points) {
    text += of;
    for (const double point : points) {
        text += fmt::format(" {}", point);
    }
}

// All that is tied to places in the picture.
std::string head_for(const CameraSettings& settings) {
    std::string drawn;
    for (const LineSettings& line : settings.lines) {
        add_points(drawn, "line", line.points);
    }
    for (const ZoneSettings& zone : settings.zones) {
        add_points(drawn, "zone", zone.points);
    }
    for (const MaskSettings& mask : settings.mask_areas) {
        add_points(drawn, "mask", mask.points);
    }
    add_points(drawn, "floor", settings.floor);
    return fmt::format("view 1 {:016x} ", fnv1a(drawn));
}

}  // namespace

std::string keep_view(const CameraSettings& settings, const ViewDigest& usual) {
    return head_for(settings) + usual.bytes();
}

std::optional<ViewDigest> kept_view(const CameraSettings& settings, std::string_view kept) {
    const std::string head = head_for(settings);
    if (!kept.starts_with(head)) {
        return std::nullopt;
    }
    return ViewDigest::from_bytes(kept.substr(head.size()));
}

}  // namespace cxedge::camera
