// SPDX-License-Identifier: Apache-2.0
#include "agent/app/health_report.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/app/version.hpp"

namespace cxedge::app {
namespace {

std::string_view name_of(uplink::Connection connection) {
    switch (connection) {
        case uplink::Connection::offline:
            return "offline";
        case uplink::Connection::connecting:
            return "connecting";
        case uplink::Connection::online:
            return "online";
    }
    return "";
}

std::string_view name_of(store::StorageMode mode) {
    switch (mode) {
        case store::StorageMode::normal:
            return "normal";
        case store::StorageMode::low:
            return "low";
        case store::StorageMode::full:
            return "full";
        case store::StorageMode::degraded:
            return "degraded";
    }
    return "";
}

}  // namespace

HealthReport::HealthReport(wire::NodeIdentity identity, const Sink& sink, const Clock& clock)
    : identity_(std::move(identity)), sink_(&sink), clock_(&clock), started_(clock.steady_now()) {
    for (const Lane lane : kLanes) {
        const store::LaneStatus found = sink.spool().status(lane);
        samples_found_ += found.samples;
        events_found_ += found.events;
    }
}

telemetry::Health HealthReport::make(const DataPath& path, const ingest::Supervisor& supervisor)
    const {
    telemetry::Health health;
    health.version = version();
    health.tenant = identity_.tenant;
    health.site = identity_.site;
    health.node = identity_.node;
    health.uptime_s = std::chrono::duration<double>(clock_->steady_now() - started_).count();
    health.rss_mib = telemetry::resident_mib();
    for (const ingest::Supervisor::Named& source : supervisor.health()) {
        const ingest::InstanceHealth& of = source.health;
        health.sources.push_back(
            {source.name, source.plugin, of.state, of.problem, of.readings, of.restarts, of.pid}
        );
    }
    const DataPathCounters counters = path.counters();
    health.series = path.pipeline_counters().series;
    health.readings_accepted = path.pipeline_counters().accepted;
    health.readings_refused = path.pipeline_counters().refused + counters.readings_turned_away;
    health.samples_produced = samples_found_ + counters.samples_produced;
    health.events_produced = events_found_ + counters.events_produced;
    health.samples_open = counters.samples_open;
    add_spool(health);
    add_uplink(health);
    return health;
}

void HealthReport::add_spool(telemetry::Health& health) const {
    const store::Spool& spool = sink_->spool();
    health.epoch = spool.epoch();
    health.boot = spool.boot();
    const store::StorageStatus storage = spool.storage();
    health.spool_bytes = storage.used_bytes;
    health.spool_max_bytes = storage.quota_bytes;
    health.disk_free_bytes = storage.disk_free_bytes;
    health.spool_growth_bytes_per_s = storage.growth_bytes_per_s;
    health.storage_mode = name_of(storage.mode);
    health.storage_problem = storage.problem;
    const DeclaredCounts& declared = sink_->declared();
    health.gaps = declared.gaps;
    health.samples_lost = declared.samples_lost;
    health.dead_letters = declared.dead_letters;
    health.samples_dead = declared.samples_dead;
    const std::int64_t now_ms = clock_->boot_now().count() + clock_->wall_offset().count();
    for (const Lane lane : kLanes) {
        const store::LaneStatus status = spool.status(lane);
        const std::int64_t age_ms =
            status.batches == 0 ? 0 : std::max<std::int64_t>(0, now_ms - status.oldest_wall_ms);
        health.lanes.push_back(
            {std::string(to_string(lane)),
             status.batches,
             status.samples,
             status.bytes,
             static_cast<double>(age_ms) / 1000,
             status.events}
        );
    }
}

void HealthReport::add_uplink(telemetry::Health& health) const {
    const uplink::UplinkStatus status = sink_->status();
    health.broker = status.endpoint;
    health.protocol = status.protocol;
    health.platform_ack = status.platform_ack;
    health.connection = name_of(status.connection);
    health.connection_since = iso8601(status.since);
    health.last_error = status.holding.empty() ? status.last_error : status.holding;
    health.connects = status.connects;
    health.in_flight = status.in_flight;
    health.bytes_sent = status.bytes_sent;
    health.batches_sent = status.batches_sent;
    health.batches_refused = status.batches_refused;
    health.samples_delivered = status.samples_delivered;
    health.events_delivered = status.events_delivered;
}

}  // namespace cxedge::app
