// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/metrics.hpp"

#include <fstream>
#include <iterator>
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
    health.lanes = {{"control", 1, 0, 80, 0.5}, {"live", 7, 20, 900, 12.25}, {"bulk", 0, 0, 0, 0}};
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
    const auto readings = agent_metrics(busy());
    CHECK(value(readings, "agent.rss") == 2 * 1024 * 1024);
    CHECK(value(readings, "agent.uptime") == 61.5);
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
    CHECK(value(readings, "agent.source.state{source=apps}") == 1);
    CHECK(value(readings, "agent.source.state{source=door}") == 3);
    CHECK(value(readings, "agent.source.restarts{source=door}") == 5);
}

TEST_CASE("metrics: kinds and units are declared", "[telemetry]") {
    const auto readings = agent_metrics(busy());
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
    const auto readings = agent_metrics(health);
    CHECK(find(readings, "agent.source.state{source=apps}") == nullptr);
    CHECK(find(readings, "agent.source.restarts{source=apps}") != nullptr);
}

TEST_CASE("metrics: METRICS.md explains every name", "[telemetry]") {
    std::ifstream file(CXEDGE_METRICS_MD);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    REQUIRE_FALSE(text.empty());
    for (const MetricReading& reading : agent_metrics(busy())) {
        const std::string row =
            "| `" + reading.info.key.metric + "` | `" + reading.info.unit + "` |";
        INFO(row);
        CHECK(text.find(row) != std::string::npos);
    }
}

}  // namespace cxedge::telemetry
