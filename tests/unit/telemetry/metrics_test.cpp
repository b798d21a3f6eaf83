// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/metrics.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/catch.hpp"

namespace cxedge::telemetry {

namespace {

Health busy() {
    Health health;
    health.rss_mib = 2;
    health.uptime_s = 61.5;
    health.series = 40;
    health.readings_accepted = 1000;
    health.readings_refused = 3;
    health.samples_produced = 900;
    health.samples_delivered = 880;
    health.spool_bytes = 4096;
    health.connects = 2;
    health.bytes_sent = 12345;
    health.in_flight = 4;
    health.batches_refused = 1;
    health.commands_accepted = 5;
    health.commands_refused = 6;
    health.configs_refused = 7;
    health.lanes = {{"control", 1, 0, 80, 0.5}, {"live", 7, 20, 900, 12.25}, {"bulk", 0, 0, 0, 0}};
    health.cpu_s = 6.15;
    health.losses = {{"quota", 2, 300}, {"age", 0, 0}};
    health.dead_letters = 1;
    health.samples_dead = 7;
    health.storage_mode = "memory";
    health.ring_in_memory = true;
    health.history_bytes = 5000;
    health.history_max_bytes = 64000;
    health.history_age_s = 86400;
    health.history_dropped = 12;
    SinkHealth sink;
    sink.name = "national";
    sink.connection = "connecting";
    sink.batches = 17;
    sink.oldest_age_s = 3.5;
    sink.samples_lost = 11;
    sink.storage_mode = "full";
    health.sinks = {sink};
    health.sources = {
        {"apps", "statsd", "running", "", 500, 0, 0},
        {"door", "camera", "failed", "crashed 5 times", 20, 5, 4711},
    };
    return health;
}

const MetricReading* find(const std::vector<MetricReading>& readings, std::string_view series) {
    for (const MetricReading& reading : readings) {
        if (to_string(reading.info.key) == series) {
            return &reading;
        }
    }
    return nullptr;
}

double value(const std::vector<MetricReading>& readings, std::string_view series) {
    const MetricReading* reading = find(readings, series);
    INFO(series);
    REQUIRE(reading != nullptr);
    return reading->value;
}

}  // namespace

TEST_CASE("metrics: every part of the picture becomes a reading", "[telemetry]") {
    const auto readings = agent_metrics(busy(), {});
    CHECK(value(readings, "agent.rss") == 2 * 1024 * 1024);
    CHECK(value(readings, "agent.uptime") == 61.5);
    CHECK(value(readings, "agent.cpu") == 0.1);
    CHECK(value(readings, "agent.gaps{cause=quota}") == 2);
    CHECK(value(readings, "agent.gaps{cause=age}") == 0);
    CHECK(value(readings, "agent.samples.lost{cause=quota}") == 300);
    CHECK(value(readings, "agent.dead_letters") == 1);
    CHECK(value(readings, "agent.samples.dead") == 7);
    CHECK(value(readings, "agent.storage.mode") == 4);
    CHECK(value(readings, "agent.storage.journal") == 0);
    CHECK(value(readings, "agent.storage.ring") == 1);
    CHECK(value(readings, "agent.history.bytes") == 5000);
    CHECK(value(readings, "agent.history.age") == 86400);
    CHECK(value(readings, "agent.history.dropped") == 12);
    Health forgetful = busy();
    forgetful.history_max_bytes = 0;
    CHECK(find(agent_metrics(forgetful, {}), "agent.history.age") == nullptr);
    CHECK(value(readings, "agent.series") == 40);
    CHECK(value(readings, "agent.readings.accepted") == 1000);
    CHECK(value(readings, "agent.readings.refused") == 3);
    CHECK(value(readings, "agent.samples.produced") == 900);
    CHECK(value(readings, "agent.samples.delivered") == 880);
    CHECK(value(readings, "agent.spool.bytes") == 4096);
    CHECK(value(readings, "agent.spool.batches{lane=live}") == 7);
    CHECK(value(readings, "agent.spool.oldest_age{lane=live}") == 12.25);
    CHECK(value(readings, "agent.spool.batches{lane=bulk}") == 0);
    CHECK(value(readings, "agent.uplink.connects") == 2);
    CHECK(value(readings, "agent.uplink.bytes") == 12345);
    CHECK(value(readings, "agent.uplink.in_flight") == 4);
    CHECK(value(readings, "agent.uplink.refused") == 1);
    CHECK(value(readings, "agent.commands.accepted") == 5);
    CHECK(value(readings, "agent.commands.refused") == 6);
    CHECK(value(readings, "agent.configs.refused") == 7);
    CHECK(value(readings, "agent.sink.connection{sink=national}") == 1);
    CHECK(value(readings, "agent.sink.batches{sink=national}") == 17);
    CHECK(value(readings, "agent.sink.oldest_age{sink=national}") == 3.5);
    CHECK(value(readings, "agent.sink.samples.lost{sink=national}") == 11);
    CHECK(value(readings, "agent.sink.storage.mode{sink=national}") == 2);
    CHECK(value(readings, "agent.source.state{source=apps}") == 1);
    CHECK(value(readings, "agent.source.state{source=door}") == 3);
    CHECK(value(readings, "agent.source.restarts{source=door}") == 5);
}

TEST_CASE("metrics: the share of a core is that since the heartbeat before", "[telemetry]") {
    const Health before = busy();
    Health now = before;
    now.uptime_s += 60;
    now.cpu_s += 90;  // two threads
    CHECK(value(agent_metrics(now, before), "agent.cpu") == 1.5);
    CHECK(value(agent_metrics(before, before), "agent.cpu") == 0);
}

TEST_CASE("metrics: kinds and units are declared", "[telemetry]") {
    const auto readings = agent_metrics(busy(), {});
    CHECK(find(readings, "agent.rss")->info.kind == Kind::gauge);
    CHECK(find(readings, "agent.rss")->info.unit == "By");
    CHECK(find(readings, "agent.uplink.bytes")->info.kind == Kind::counter);
    CHECK(find(readings, "agent.source.state{source=apps}")->info.kind == Kind::state);
    CHECK(find(readings, "agent.source.state{source=apps}")->info.states == source_states());
    for (MetricReading reading : readings) {
        INFO(to_string(reading.info.key));
        CHECK_FALSE(reading.info.unit.empty());
        CHECK(normalise(reading.info).ok());
    }
}

TEST_CASE("metrics: a state that is not declared is left out", "[telemetry]") {
    Health health = busy();
    health.sources[0].state = "dreaming";
    const auto readings = agent_metrics(health, {});
    CHECK(find(readings, "agent.source.state{source=apps}") == nullptr);
    CHECK(find(readings, "agent.source.restarts{source=apps}") != nullptr);
}

namespace {

std::string text_of(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++found;
    }
    return found;
}

// One of each name.
std::map<std::string, SeriesInfo> emitted() {
    std::map<std::string, SeriesInfo> names;
    for (const MetricReading& reading : agent_metrics(busy(), {})) {
        names[reading.info.key.metric] = reading.info;
    }
    return names;
}

}  // namespace

TEST_CASE("metrics: METRICS.md explains every name, and none that is not sent", "[telemetry]") {
    const std::string text = text_of(CXEDGE_METRICS_MD);
    for (const auto& [name, info] : emitted()) {
        const std::string row = "| `" + name + "` | `" + info.unit + "` |";
        INFO(row);
        CHECK(count(text, row) == 1);
    }
    CHECK(count(text, "| `agent.") == emitted().size());
}

TEST_CASE("metrics: the catalogue's agent.* is what a heartbeat sends", "[telemetry]") {
    const std::string text = text_of(CXEDGE_CATALOGUE);
    for (const auto& [name, info] : emitted()) {
        const std::string entry = "name = \"" + name + "\"\nkind = \"" +
                                  std::string(to_string(info.kind)) + "\"\nunit = \"" + info.unit +
                                  "\"\n";
        INFO(entry);
        CHECK(count(text, entry) == 1);
    }
    CHECK(count(text, "name = \"agent.") == emitted().size());
}

}  // namespace cxedge::telemetry
