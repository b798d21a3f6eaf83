// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/metrics.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace cxedge::telemetry {
namespace {

constexpr double kBytesPerMib = 1024.0 * 1024.0;

// Where what is not on disk yet is kept.
const std::vector<std::string>& memory_states() {
    static const std::vector<std::string> kStates{"file", "memory"};
    return kStates;
}

const std::vector<std::string>& connections() {
    static const std::vector<std::string> kConnections{"offline", "connecting", "online"};
    return kConnections;
}

struct Name {
    const char* metric;
    const char* unit;
};

// Collects readings; the value is converted here because counters are kept as integers.
class Readings {
public:
    void gauge(Name name, double value, std::vector<Dimension> dims = {}) {
        add(Kind::gauge, name, value, std::move(dims));
    }
    void gauge(Name name, std::uint64_t value, std::vector<Dimension> dims = {}) {
        gauge(name, static_cast<double>(value), std::move(dims));
    }
    void counter(Name name, std::uint64_t value, std::vector<Dimension> dims = {}) {
        add(Kind::counter, name, static_cast<double>(value), std::move(dims));
    }
    // Nothing when `state` is not one of `states`.
    void state(
        Name name,
        const std::vector<std::string>& states,
        const std::string& state,
        std::vector<Dimension> dims = {}
    ) {
        const auto found = std::find(states.begin(), states.end(), state);
        if (found != states.end()) {
            add(Kind::state, name, static_cast<double>(found - states.begin()), std::move(dims));
            readings_.back().info.states = states;
        }
    }
    std::vector<MetricReading> take() { return std::move(readings_); }

private:
    void add(Kind kind, Name name, double value, std::vector<Dimension> dims) {
        SeriesInfo info;
        info.key = {name.metric, std::move(dims)};
        info.kind = kind;
        info.unit = name.unit;
        readings_.push_back({std::move(info), value});
    }

    std::vector<MetricReading> readings_;
};

// Of the time since the picture before; more than 1 when several threads are busy.
double cpu_share(const Health& health, const Health& before) {
    const double time = health.uptime_s - before.uptime_s;
    return time > 0 ? std::max(0.0, health.cpu_s - before.cpu_s) / time : 0;
}

void add_process(const Health& health, Readings& out) {
    out.gauge({"agent.rss", "By"}, health.rss_mib * kBytesPerMib);
    out.gauge({"agent.uptime", "s"}, health.uptime_s);
    out.gauge({"agent.series", "{series}"}, health.series);
    out.counter({"agent.readings.accepted", "{reading}"}, health.readings_accepted);
    out.counter({"agent.readings.refused", "{reading}"}, health.readings_refused);
    out.counter({"agent.samples.produced", "{sample}"}, health.samples_produced);
    out.counter({"agent.samples.delivered", "{sample}"}, health.samples_delivered);
}

void add_spool(const Health& health, Readings& out) {
    out.gauge({"agent.spool.bytes", "By"}, health.spool_bytes);
    for (const LaneHealth& lane : health.lanes) {
        out.gauge({"agent.spool.batches", "{batch}"}, lane.batches, {{"lane", lane.lane}});
        out.gauge({"agent.spool.oldest_age", "s"}, lane.oldest_age_s, {{"lane", lane.lane}});
    }
}

const std::string& memory_or_file(bool in_memory) {
    return memory_states().at(in_memory ? 1 : 0);
}

void add_storage(const Health& health, Readings& out) {
    out.state({"agent.storage.mode", "1"}, storage_modes(), health.storage_mode);
    out.state(
        {"agent.storage.journal", "1"}, memory_states(), memory_or_file(health.journal_in_memory)
    );
    out.state({"agent.storage.ring", "1"}, memory_states(), memory_or_file(health.ring_in_memory));
}

void add_history(const Health& health, Readings& out) {
    if (health.history_max_bytes > 0) {
        out.gauge({"agent.history.bytes", "By"}, health.history_bytes);
        out.gauge({"agent.history.age", "s"}, health.history_age_s);
        out.counter({"agent.history.dropped", "{item}"}, health.history_dropped);
    }
}

void add_losses(const Health& health, Readings& out) {
    for (const LossHealth& loss : health.losses) {
        out.counter({"agent.gaps", "{gap}"}, loss.gaps, {{"cause", loss.cause}});
        out.counter({"agent.samples.lost", "{sample}"}, loss.samples, {{"cause", loss.cause}});
    }
    out.counter({"agent.dead_letters", "{batch}"}, health.dead_letters);
    out.counter({"agent.samples.dead", "{sample}"}, health.samples_dead);
}

void add_uplink(const Health& health, Readings& out) {
    out.counter({"agent.uplink.connects", "{connection}"}, health.connects);
    out.counter({"agent.uplink.bytes", "By"}, health.bytes_sent);
    out.gauge({"agent.uplink.in_flight", "{batch}"}, health.in_flight);
    out.counter({"agent.uplink.refused", "{batch}"}, health.batches_refused);
    out.counter({"agent.commands.accepted", "{command}"}, health.commands_accepted);
    out.counter({"agent.commands.refused", "{command}"}, health.commands_refused);
    out.counter({"agent.configs.refused", "{document}"}, health.configs_refused);
}

void add_sink(const SinkHealth& sink, Readings& out) {
    const std::vector<Dimension> dims{{"sink", sink.name}};
    out.state({"agent.sink.connection", "1"}, connections(), sink.connection, dims);
    out.gauge({"agent.sink.batches", "{batch}"}, sink.batches, dims);
    out.gauge({"agent.sink.oldest_age", "s"}, sink.oldest_age_s, dims);
    out.counter({"agent.sink.samples.lost", "{sample}"}, sink.samples_lost, dims);
    out.state({"agent.sink.storage.mode", "1"}, storage_modes(), sink.storage_mode, dims);
}

void add_source(const SourceHealth& source, Readings& out) {
    const std::vector<Dimension> dims{{"source", source.name}};
    out.state({"agent.source.state", "1"}, source_states(), source.state, dims);
    out.counter({"agent.source.restarts", "{restart}"}, source.restarts, dims);
}

}  // namespace

const std::vector<std::string>& source_states() {
    static const std::vector<std::string> kStates{
        "starting", "running", "waiting", "failed", "stopped"};
    return kStates;
}

const std::vector<std::string>& storage_modes() {
    static const std::vector<std::string> kModes{"normal", "low", "full", "degraded", "memory"};
    return kModes;
}

std::vector<MetricReading> agent_metrics(const Health& health, const Health& before) {
    Readings out;
    out.gauge({"agent.cpu", "1"}, cpu_share(health, before));
    add_process(health, out);
    add_spool(health, out);
    add_storage(health, out);
    add_history(health, out);
    add_losses(health, out);
    add_uplink(health, out);
    for (const SinkHealth& sink : health.sinks) {
        add_sink(sink, out);
    }
    for (const SourceHealth& source : health.sources) {
        add_source(source, out);
    }
    return out.take();
}

}  // namespace cxedge::telemetry
