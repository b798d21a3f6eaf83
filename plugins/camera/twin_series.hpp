// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/plugin_api/host.hpp"

#include "plugins/camera/floor_map.hpp"
#include "plugins/camera/scene.hpp"
#include "plugins/camera/zone_series.hpp"
#include "plugins/camera/zone_settings.hpp"

namespace cxedge::camera {

// Where people are, for the digital twin: each second a place on the floor for each of them, and
// the time spent in each cell of the floor (README.md, Twin). The numbers of people are drawn by
// lot, live in memory only and are drawn anew at midnight, so nobody can be followed from one day
// to the next. Thread: the loop's.
class TwinSeries {
public:
    // `host` outlives it. Does nothing unless settings.twin.
    void start(Host& host, const AreaSettings& settings, EmitOne emit);

    void take(const SceneReport& scene);

    // Sends the heat gathered since the last report.
    void report();

private:
    using Cell = std::pair<int, int>;
    struct Slot {
        SeriesId track{};
        SeriesId x{};
        SeriesId y{};
        bool taken = false;
    };
    struct Walker {
        std::size_t slot = 0;
        std::uint32_t number = 0;
        bool there = false;
    };

    Host* host_ = nullptr;
    EmitOne emit_;
    std::optional<FloorMap> floor_;
    double cell_m_ = 1;
    std::optional<FrameTime> told_;
    WallTime midnight_{};
    std::vector<Slot> slots_;
    std::map<std::uint64_t, Walker> walkers_;  // by Person::id
    std::map<Cell, double> heat_s_;
    std::map<Cell, SeriesId> cells_;

    void forget_yesterday();
    void tell(const Person& person, const Point& at);
    Walker* walker_of(const Person& person);
    [[nodiscard]] std::optional<std::size_t> free_slot();
    [[nodiscard]] Result<SeriesId> declare(SeriesInfo info) const;
    Status add_slot();
    void leave(const Walker& walker) { slots_[walker.slot].taken = false; }
    [[nodiscard]] Cell cell_of(const Point& at) const;
    void emit_heat(const Cell& cell, double seconds);
};

}  // namespace cxedge::camera
