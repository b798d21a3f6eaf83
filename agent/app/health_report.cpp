// SPDX-License-Identifier: Apache-2.0
#include "agent/app/health_report.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <numeric>
#include <utility>

#include "agent/base/version.hpp"

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

// Of the main sink or a further one: both call it the same.
template <class To>
void tell_connection(const uplink::UplinkStatus& status, To& to) {
    to.broker = status.endpoint;
    to.connection = name_of(status.connection);
    to.connection_since = iso8601(status.since);
    to.last_error = status.holding.empty() ? status.last_error : status.holding;
}

template <class To>
void tell_storage(const Sink& sink, To& to) {
    const store::StorageStatus storage = sink.spool().storage();
    const bool fallback =
        storage.mode == store::StorageMode::normal && !sink.fallback_why().empty();
    to.storage_mode = fallback ? "memory" : name_of(storage.mode);
    to.storage_problem = fallback ? sink.fallback_why() : storage.problem;
}

std::uint64_t sum(const std::array<std::atomic<std::uint64_t>, kGapCauseCount>& counts) {
    return std::accumulate(
        counts.begin(),
        counts.end(),
        std::uint64_t{0},
        [](std::uint64_t all, const auto& one) { return all + one.load(); }
    );
}

}  // namespace

HealthReport::HealthReport(
    wire::NodeIdentity identity,
    std::vector<NamedSink> sinks,
    const Clock& clock,
    const store::History* history
)
    : identity_(std::move(identity)),
      sinks_(std::move(sinks)),
      clock_(&clock),
      history_(history),
      started_(clock.steady_now()) {
    for (const Lane lane : kLanes) {
        const store::LaneStatus found = main().spool().status(lane);
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
    health.cpu_s = telemetry::processor_seconds();
    for (const ingest::Supervisor::Named& source : supervisor.health()) {
        const ingest::InstanceHealth& of = source.health;
        health.sources.push_back(
            {source.name, source.plugin, of.state, of.problem, of.readings, of.restarts, of.pid}
        );
    }
    health.devices = path.devices();
    const DataPathCounters counters = path.counters();
    health.series = path.pipeline_counters().series;
    health.readings_accepted = path.pipeline_counters().accepted;
    health.readings_repeated = path.pipeline_counters().repeated;
    health.readings_refused = path.pipeline_counters().refused + counters.readings_turned_away;
    health.samples_produced = samples_found_ + counters.samples_produced;
    health.events_produced = events_found_ + counters.events_produced;
    health.samples_open = counters.samples_open;
    add_memory(health, path);
    add_spool(health);
    add_history(health);
    add_losses(health);
    add_uplink(health);
    std::transform(
        sinks_.begin() + 1,
        sinks_.end(),
        std::back_inserter(health.sinks),
        [this](const NamedSink& named) { return sink_of(named); }
    );
    return health;
}

void HealthReport::add_memory(telemetry::Health& health, const DataPath& path) const {
    health.memory_problem = path.memory_problem();
    health.journal_in_memory = path.journal_in_memory();
    health.ring_in_memory = std::any_of(sinks_.begin(), sinks_.end(), [](const NamedSink& named) {
        return !named.sink->spool().storage().ring_memory_only.empty();
    });
}

void HealthReport::add_spool(telemetry::Health& health) const {
    const store::Spool& spool = main().spool();
    health.epoch = spool.epoch();
    health.boot = spool.boot();
    const store::StorageStatus storage = spool.storage();
    health.spool_bytes = storage.used_bytes;
    health.spool_max_bytes = storage.quota_bytes;
    health.disk_free_bytes = storage.disk_free_bytes;
    health.spool_growth_bytes_per_s = storage.growth_bytes_per_s;
    tell_storage(main(), health);
    for (const Lane lane : kLanes) {
        health.lanes.push_back(lane_of(spool, lane));
    }
}

void HealthReport::add_history(telemetry::Health& health) const {
    if (history_ == nullptr) {
        return;
    }
    const store::HistoryStatus status = history_->status();
    const std::int64_t back_ms =
        status.oldest_ms == 0 ? 0 : unix_ms(clock_->wall_now()) - status.oldest_ms;
    health.history_bytes = status.used_bytes;
    health.history_max_bytes = status.quota_bytes;
    health.history_age_s = static_cast<double>(std::max<std::int64_t>(0, back_ms)) / 1000;
    health.history_dropped = status.dropped;
    health.history_problem = status.problem;
}

telemetry::LaneHealth HealthReport::lane_of(const store::Spool& spool, Lane lane) const {
    const store::LaneStatus status = spool.status(lane);
    const std::int64_t now_ms = clock_->boot_now().count() + clock_->wall_offset().count();
    const std::int64_t age_ms =
        status.batches == 0 ? 0 : std::max<std::int64_t>(0, now_ms - status.oldest_wall_ms);
    return {
        std::string(to_string(lane)),
        status.batches,
        status.samples,
        status.bytes,
        static_cast<double>(age_ms) / 1000,
        status.events};
}

void HealthReport::add_losses(telemetry::Health& health) const {
    const DeclaredCounts& declared = main().declared();
    for (std::size_t i = 0; i < kGapCauseCount; ++i) {
        const auto cause = static_cast<GapCause>(i);
        if (cause != GapCause::split) {
            health.losses.push_back(
                {std::string(to_string(cause)), declared.gaps.at(i), declared.samples_lost.at(i)}
            );
        }
    }
    health.gaps = sum(declared.gaps);
    health.samples_lost = sum(declared.samples_lost);
    health.dead_letters = declared.dead_letters;
    health.samples_dead = declared.samples_dead;
}

telemetry::SinkHealth HealthReport::sink_of(const NamedSink& named) const {
    telemetry::SinkHealth health;
    health.name = named.name;
    tell_connection(named.sink->status(), health);
    tell_storage(*named.sink, health);
    for (const Lane lane : kLanes) {
        const telemetry::LaneHealth waiting = lane_of(named.sink->spool(), lane);
        health.batches += waiting.batches;
        health.samples += waiting.samples;
        health.events += waiting.events;
        health.bytes += waiting.bytes;
        health.oldest_age_s = std::max(health.oldest_age_s, waiting.oldest_age_s);
    }
    health.gaps = sum(named.sink->declared().gaps);
    health.samples_lost = sum(named.sink->declared().samples_lost);
    return health;
}

void HealthReport::add_uplink(telemetry::Health& health) const {
    const uplink::UplinkStatus status = main().status();
    tell_connection(status, health);
    const IdentityStatus identity = main().identity();
    health.certificate_until = identity.valid_until;
    health.certificate_problem = identity.problem;
    health.protocol = status.protocol;
    health.platform_ack = status.platform_ack;
    health.connects = status.connects;
    health.in_flight = status.in_flight;
    health.bytes_sent = status.bytes_sent;
    health.batches_sent = status.batches_sent;
    health.batches_refused = status.batches_refused;
    health.samples_delivered = status.samples_delivered;
    health.events_delivered = status.events_delivered;
}

}  // namespace cxedge::app
