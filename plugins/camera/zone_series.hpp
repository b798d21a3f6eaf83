// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/host.hpp"

#include "plugins/camera/scene.hpp"
#include "plugins/camera/zone_settings.hpp"

namespace cxedge::camera {

using EmitOne = std::function<void(SeriesId, double)>;

struct ZoneSeriesIds {
    SeriesId occupancy{};
    SeriesId visits{};
    SeriesId dwell{};
};
struct QueueSeriesIds {
    SeriesId length{};
    SeriesId arrived{};
    SeriesId served{};
    SeriesId abandoned{};
    SeriesId wait{};
    SeriesId forecast{};
};

// What zones and queues tell, as series (README.md, Readings). Thread: the loop's.
class ZoneSeries {
public:
    // `host` outlives it. A second start() begins anew.
    Status start(Host& host, const std::vector<ZoneSettings>& zones, EmitOne emit);

    void take(const SceneReport& scene);

    // Nobody came: 0 of everything that is counted.
    void report_zeros() const;

    // All that is counted: for a declared loss while nothing is seen.
    [[nodiscard]] std::vector<SeriesId> counts() const;

    // One line for the log: what each zone has told since the start.
    [[nodiscard]] std::string summary() const;

private:
    struct Watched {
        std::string name;
        std::optional<ZoneSeriesIds> zone;  // one of the two
        std::optional<QueueSeriesIds> queue;
        int stays = 0;  // since the start
        int served = 0;
        int abandoned = 0;
    };
    struct Wanted;

    Host* host_ = nullptr;
    EmitOne emit_;
    std::vector<Watched> zones_;
    std::optional<FrameTime> told_;  // when levels were last told

    Status declare(const Wanted& wanted, SeriesId& id);
    Status declare_zone(const std::string& name, ZoneSeriesIds& ids);
    Status declare_queue(const std::string& name, QueueSeriesIds& ids);
    void emit_zone(const ZoneSeriesIds& ids, const ZoneView& view, bool level);
    void emit_queue(const QueueSeriesIds& ids, const QueueView& view, bool level);
    void emit_count(SeriesId series, int count);
};

}  // namespace cxedge::camera
