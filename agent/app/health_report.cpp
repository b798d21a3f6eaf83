// SPDX-License-Identifier: Apache-2.0
#include "agent/app/health_report.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "agent/app/version.hpp"

namespace cxedge::app {
namespace {

constexpr std::array<Lane, kLaneCount> kLanes{Lane::control, Lane::live, Lane::bulk};

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

std::string iso8601(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds))
    );
}

}  // namespace

HealthReport::HealthReport(
    Identity identity,
    const store::Spool& spool,
    const Clock& clock,
    std::function<uplink::UplinkStatus()> uplink
)
    : identity_(std::move(identity)),
      spool_(&spool),
      clock_(&clock),
      uplink_(std::move(uplink)),
      started_(clock.steady_now()) {
    for (const Lane lane : kLanes) {
        const store::LaneStatus found = spool.status(lane);
        samples_found_ += found.samples;
        events_found_ += found.events;
    }
}

telemetry::Health HealthReport::make(const DataPath& path, const ingest::Supervisor& supervisor)
    const {
    telemetry::Health health;
    health.version = version();
    health.tenant = identity_.node.tenant;
    health.site = identity_.node.site;
    health.node = identity_.node.node;
    health.broker = identity_.broker;
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
    health.readings_refused = path.pipeline_counters().refused;
    health.samples_produced = samples_found_ + counters.samples_produced;
    health.events_produced = events_found_ + counters.events_produced;
    health.samples_open = counters.samples_open;
    add_spool(health);
    add_uplink(health);
    return health;
}

void HealthReport::add_spool(telemetry::Health& health) const {
    health.epoch = spool_->epoch();
    health.boot = spool_->boot();
    health.spool_bytes = spool_->storage().used_bytes;
    health.spool_max_bytes = identity_.spool_max_bytes;
    const std::int64_t now_ms = clock_->boot_now().count() + clock_->wall_offset().count();
    for (const Lane lane : kLanes) {
        const store::LaneStatus status = spool_->status(lane);
        const std::int64_t age_ms =
            status.batches == 0 ? 0 : std::max<std::int64_t>(0, now_ms - status.oldest_wall_ms);
        health.lanes.push_back(
            {std::string(to_string(lane)),
             status.batches,
             status.samples,
             status.bytes,
             static_cast<double>(age_ms) / 1000}
        );
    }
}

void HealthReport::add_uplink(telemetry::Health& health) const {
    const uplink::UplinkStatus status = uplink_();
    health.connection = name_of(status.connection);
    health.connection_since = iso8601(status.since);
    health.last_error = status.last_error;
    health.connects = status.connects;
    health.in_flight = status.in_flight;
    health.bytes_sent = status.bytes_sent;
    health.batches_sent = status.batches_sent;
    health.batches_refused = status.batches_refused;
    health.samples_delivered = status.samples_delivered;
    health.events_delivered = status.events_delivered;
}

}  // namespace cxedge::app
