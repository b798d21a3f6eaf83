// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/zone_series.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace cxedge::camera {
namespace {

// How often levels are told: more than their median of a second would not say more.
constexpr std::chrono::seconds kLevelPeriod{1};

}  // namespace

struct ZoneSeries::Wanted {
    std::string_view metric;
    Kind kind = Kind::gauge;
    std::string_view unit;
    Dimension of;
};

Status ZoneSeries::declare(const Wanted& wanted, SeriesId& id) {
    SeriesInfo info;
    info.key.metric = wanted.metric;
    info.key.dims = {{"camera", std::string(host_->source_name())}, wanted.of};
    info.kind = wanted.kind;
    info.unit = wanted.unit;
    const Result<SeriesId> declared = host_->declare(info);
    if (!declared) {
        return declared.error();
    }
    id = *declared;
    return {};
}

Status ZoneSeries::declare_zone(const std::string& name, ZoneSeriesIds& ids) {
    const Dimension zone{"zone", name};
    for (const auto& [wanted, id] : {
             std::pair{Wanted{"store.occupancy", Kind::gauge, "{person}", zone}, &ids.occupancy},
             std::pair{Wanted{"store.zone.visits", Kind::delta, "{visit}", zone}, &ids.visits},
             std::pair{Wanted{"store.dwell", Kind::histogram, "s", zone}, &ids.dwell},
         }) {
        if (Status declared = declare(wanted, *id); !declared) {
            return declared;
        }
    }
    return {};
}

Status ZoneSeries::declare_queue(const std::string& name, QueueSeriesIds& ids) {
    const Dimension queue{"queue", name};
    const auto people = [&](std::string_view metric, Kind kind) {
        return Wanted{metric, kind, "{person}", queue};
    };
    for (const auto& [wanted, id] : {
             std::pair{people("store.queue.length", Kind::gauge), &ids.length},
             std::pair{people("store.queue.arrived", Kind::delta), &ids.arrived},
             std::pair{people("store.queue.served", Kind::delta), &ids.served},
             std::pair{people("store.queue.abandoned", Kind::delta), &ids.abandoned},
             std::pair{Wanted{"store.queue.wait", Kind::histogram, "s", queue}, &ids.wait},
             std::pair{Wanted{"store.queue.wait_forecast", Kind::gauge, "s", queue}, &ids.forecast},
         }) {
        if (Status declared = declare(wanted, *id); !declared) {
            return declared;
        }
    }
    return {};
}

Status ZoneSeries::start(Host& host, const std::vector<ZoneSettings>& zones, EmitOne emit) {
    host_ = &host;
    emit_ = std::move(emit);
    told_.reset();
    zones_.clear();
    for (const ZoneSettings& settings : zones) {
        Watched watched;
        watched.name = settings.name;
        const bool queue = !settings.queue.empty();
        Status declared = queue ? declare_queue(settings.queue, watched.queue.emplace())
                                : declare_zone(settings.name, watched.zone.emplace());
        if (!declared) {
            return declared;
        }
        zones_.push_back(std::move(watched));
    }
    return {};
}

void ZoneSeries::take(const SceneReport& scene) {
    const bool level = scene.time && (!told_ || *scene.time - *told_ >= kLevelPeriod);
    if (level) {
        told_ = scene.time;
    }
    for (std::size_t i = 0; i < std::min(scene.zones.size(), zones_.size()); ++i) {
        const ZoneReport& told = scene.zones[i];
        Watched& watched = zones_[i];
        watched.stays += told.zone.stays;
        if (watched.zone) {
            emit_zone(*watched.zone, told.zone, level);
        } else if (told.queue) {
            watched.served += told.queue->served;
            watched.abandoned += told.queue->abandoned;
            emit_queue(*watched.queue, *told.queue, level);
        }
    }
}

void ZoneSeries::emit_count(SeriesId series, int count) {
    if (count > 0) {
        emit_(series, count);
    }
}

void ZoneSeries::emit_zone(const ZoneSeriesIds& ids, const ZoneView& view, bool level) {
    if (level) {
        emit_(ids.occupancy, view.present);
    }
    emit_count(ids.visits, view.stays);
    for (const ZoneView::Ended& each : view.ended) {
        // Nobody knows how long a stay that was cut off would have lasted.
        if (each.stayed && each.visit.end != VisitEnd::cut_off) {
            emit_(ids.dwell, seconds(each.visit.stood_for()));
        }
    }
}

void ZoneSeries::emit_queue(const QueueSeriesIds& ids, const QueueView& view, bool level) {
    if (level) {
        emit_(ids.length, view.length);
    }
    if (level && view.forecast_s) {
        emit_(ids.forecast, *view.forecast_s);
    }
    emit_count(ids.arrived, view.arrived);
    emit_count(ids.served, view.served);
    emit_count(ids.abandoned, view.abandoned);
    for (const FrameTime wait : view.waits) {
        emit_(ids.wait, seconds(wait));
    }
}

std::vector<SeriesId> ZoneSeries::counts() const {
    std::vector<SeriesId> ids;
    for (const Watched& watched : zones_) {
        if (watched.zone) {
            ids.push_back(watched.zone->visits);
        }
        if (watched.queue) {
            const QueueSeriesIds& queue = *watched.queue;
            ids.insert(ids.end(), {queue.arrived, queue.served, queue.abandoned});
        }
    }
    return ids;
}

void ZoneSeries::report_zeros() const {
    for (const SeriesId series : counts()) {
        emit_(series, 0);
    }
}

std::string ZoneSeries::summary() const {
    std::string text;
    for (const Watched& watched : zones_) {
        text += watched.queue ? fmt::format(
                                    ", queue {}: {} served, {} abandoned",
                                    watched.name,
                                    watched.served,
                                    watched.abandoned
                                )
                              : fmt::format(", zone {}: {} visits", watched.name, watched.stays);
    }
    return text;
}

}  // namespace cxedge::camera
