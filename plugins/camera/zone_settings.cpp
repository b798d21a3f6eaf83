// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/zone_settings.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "plugins/camera/floor_map.hpp"

namespace cxedge::camera {
namespace {

// A thousandth of the picture is less than one person's feet.
constexpr double kSmallestZone = 0.001;
// Each is a series; more would crowd out everything else on the box.
constexpr double kMostCells = 1000;

std::string points_problem(const std::vector<double>& points) {
    if (points.size() % 2 != 0) {
        return fmt::format("has {} numbers: every corner needs an x and a y", points.size());
    }
    if (points.size() < 6) {
        return fmt::format("has {} corners, but an area needs at least 3", points.size() / 2);
    }
    const auto outside =
        std::find_if(points.begin(), points.end(), [](double p) { return !(p >= 0 && p <= 1); });
    if (outside != points.end()) {
        return fmt::format("holds {}: corners are fractions of the picture, 0 to 1", *outside);
    }
    const Polygon polygon = polygon_of(points);
    if (const auto pair = crossing_sides(polygon)) {
        return fmt::format(
            "crosses itself: sides {} and {} meet; name the corners in the order of the outline",
            pair->first + 1,
            pair->second + 1
        );
    }
    return area_of(polygon) < kSmallestZone ? "is too small to hold a person" : "";
}

class ZoneCheck {
public:
    ZoneCheck(const SettingsNode& node, std::string key, SettingsProblems& problems)
        : node_(node), key_(std::move(key)), problems_(problems) {}

    void complain(std::string_view member, const std::string& what) {
        const SettingsNode* value = node_.find(member);
        const SettingsPosition& where = value != nullptr ? value->position : node_.position;
        problems_.add(where, fmt::format("{}.{}", key_, member), what);
    }

    void points(const ZoneSettings& zone) {
        const bool given = node_.find("points") != nullptr;
        if (const std::string what = points_problem(zone.points); given && !what.empty()) {
            complain("points", what);
        }
    }

    void queue(const ZoneSettings& zone) {
        const bool has_side = node_.find("service_side") != nullptr;
        const auto sides = static_cast<std::int64_t>(zone.points.size() / 2);
        if (zone.queue.empty() && has_side) {
            complain("service_side", "belongs to a queue: set queue = \"NAME\" or leave it out");
        } else if (!zone.queue.empty() && !has_side) {
            complain(
                "service_side",
                "is missing: through which side do those leave who are served? 1 is the side from "
                "the first corner to the second"
            );
        } else if (has_side && (zone.service_side < 1 || zone.service_side > sides)) {
            complain("service_side", fmt::format("must be 1 to {}, as the zone has sides", sides));
        }
    }

private:
    const SettingsNode& node_;
    std::string key_;
    SettingsProblems& problems_;
};

bool repeated(
    const std::vector<ZoneSettings>& zones, std::size_t index, std::string ZoneSettings::*text
) {
    const std::string& mine = zones[index].*text;
    const auto end = zones.begin() + static_cast<std::ptrdiff_t>(index);
    return !mine.empty() &&
           std::any_of(zones.begin(), end, [&](const auto& zone) { return zone.*text == mine; });
}

std::string cells_problem(const AreaSettings& settings) {
    const Box floor = FloorMap(settings.floor).extent();
    const double cells = std::ceil(floor.width / settings.heat_cell_m) *
                         std::ceil(floor.height / settings.heat_cell_m);
    if (cells <= kMostCells) {
        return {};
    }
    return fmt::format(
        "makes {:.0f} cells of the {:.0f} x {:.0f} m that the camera may see; at most {:.0f} are "
        "allowed, so take larger ones",
        cells,
        floor.width,
        floor.height,
        kMostCells
    );
}

void check_zones(
    const std::vector<ZoneSettings>& zones, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* list = node.find("zone");
    const std::size_t written =
        list != nullptr && list->list() != nullptr ? list->list()->size() : 0;
    for (std::size_t i = 0; i < std::min(written, zones.size()); ++i) {
        ZoneCheck check((*list->list())[i], fmt::format("zone[{}]", i), problems);
        check.points(zones[i]);
        check.queue(zones[i]);
        if (repeated(zones, i, &ZoneSettings::name)) {
            check.complain("name", "is used twice: " + zones[i].name);
        }
        if (repeated(zones, i, &ZoneSettings::queue)) {
            check.complain("queue", "is used twice: " + zones[i].queue);
        }
    }
}

void check_twin(
    const AreaSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* floor = node.find("floor");
    if (floor == nullptr) {
        if (settings.twin) {
            problems.add(
                node.find("twin")->position,
                "floor",
                "is missing: the twin needs four points of the floor, px, py, mx, my each"
            );
        }
        return;
    }
    if (const std::string what = floor_problem(settings.floor); !what.empty()) {
        problems.add(floor->position, "floor", what);
        return;
    }
    const SettingsNode* cell = node.find("heat_cell_m");
    if (const std::string what = cells_problem(settings); settings.twin && !what.empty()) {
        problems.add((cell != nullptr ? cell : floor)->position, "heat_cell_m", what);
    }
}

}  // namespace

ZoneLayout ZoneSettings::layout() const {
    ZoneLayout zone;
    zone.polygon = polygon_of(points);
    zone.min_stay = min_stay;
    if (!queue.empty()) {
        zone.service_side = static_cast<std::size_t>(service_side - 1);
    }
    return zone;
}

Schema<ZoneSettings> zone_schema() {
    Schema<ZoneSettings> schema;
    schema.text("name", &ZoneSettings::name, "Dimension `zone`, unique in this camera").required();
    schema
        .numbers(
            "points",
            &ZoneSettings::points,
            "Corners x1, y1, x2, y2, x3, y3 ... as fractions of the picture: where feet are"
        )
        .required();
    schema
        .duration(
            "min_stay_s", &ZoneSettings::min_stay, "Who stands for a shorter time only passes"
        )
        .range(0, 600);
    schema.text("queue", &ZoneSettings::queue, "People queue here: dimension `queue`");
    schema.integer(
        "service_side",
        &ZoneSettings::service_side,
        "Queues: through which side those leave who are served; 1 is from corner 1 to corner 2"
    );
    return schema;
}

void check_area_settings(
    const AreaSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    check_zones(settings.zones, node, problems);
    check_twin(settings, node, problems);
}

}  // namespace cxedge::camera
