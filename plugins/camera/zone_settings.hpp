// SPDX-License-Identifier: Apache-2.0
// Settings of zones, queues and the digital twin.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/settings.hpp"

#include "plugins/camera/zone.hpp"

namespace cxedge::camera {

struct ZoneSettings {
    std::string name;
    std::vector<double> points;
    std::chrono::milliseconds min_stay{2000};
    std::string queue;              // not empty: the zone is a queue of this name
    std::int64_t service_side = 0;  // queues: 1 is the side from the first corner to the second

    // Requires settings that were read without a problem.
    [[nodiscard]] ZoneLayout layout() const;
};

struct AreaSettings {
    std::vector<ZoneSettings> zones;
    bool twin = false;
    std::vector<double> floor;
    double heat_cell_m = 1;
};

Schema<ZoneSettings> zone_schema();

// T inherits AreaSettings.
template <class T>
void add_area_settings(Schema<T>& schema) {
    std::vector<ZoneSettings> T::*zones = &T::zones;
    schema.tables("zone", zones, zone_schema(), "Areas in which people stay, or queue");
    schema.boolean("twin", &T::twin, "Send where people are: positions each second and a heat map");
    schema.numbers(
        "floor",
        &T::floor,
        "Four points known in the picture and on the floor: px, py (fractions), mx, my (metres) "
        "each, going round"
    );
    schema.number("heat_cell_m", &T::heat_cell_m, "Side of a cell of the heat map in metres")
        .range(0.25, 10);
}

// What a schema cannot see. `node` is the source's table.
void check_area_settings(
    const AreaSettings& settings, const SettingsNode& node, SettingsProblems& problems
);

}  // namespace cxedge::camera
