// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/metrics.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace cxedge::telemetry {
namespace {

constexpr double kBytesPerMib = 1024.0 * 1024.0;

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
    void state(Name name, std::size_t index, std::vector<Dimension> dims) {
        add(Kind::state, name, static_cast<double>(index), std::move(dims));
        readings_.back().info.states = source_states();
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

void add_uplink(const Health& health, Readings& out) {
    out.counter({"agent.uplink.connects", "{connection}"}, health.connects);
    out.counter({"agent.uplink.bytes", "By"}, health.bytes_sent);
    out.gauge({"agent.uplink.in_flight", "{batch}"}, health.in_flight);
    out.counter({"agent.uplink.refused", "{batch}"}, health.batches_refused);
}

void add_source(const SourceHealth& source, Readings& out) {
    const auto& states = source_states();
    const auto found = std::find(states.begin(), states.end(), source.state);
    if (found != states.end()) {
        const auto index = static_cast<std::size_t>(found - states.begin());
        out.state({"agent.source.state", "1"}, index, {{"source", source.name}});
    }
    out.counter({"agent.source.restarts", "{restart}"}, source.restarts, {{"source", source.name}});
}

}  // namespace

const std::vector<std::string>& source_states() {
    static const std::vector<std::string> kStates{
        "starting", "running", "waiting", "failed", "stopped"};
    return kStates;
}

std::vector<MetricReading> agent_metrics(const Health& health) {
    Readings out;
    add_process(health, out);
    add_spool(health, out);
    add_uplink(health, out);
    for (const SourceHealth& source : health.sources) {
        add_source(source, out);
    }
    return out.take();
}

}  // namespace cxedge::telemetry
