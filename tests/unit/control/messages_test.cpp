// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "agent/control/control.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::control {
namespace {

telemetry::Health full() {
    telemetry::Health health;
    health.version = "0.1.0";
    health.tenant = "acme";
    health.site = "paris-12";
    health.node = "box-7";
    health.epoch = 0xFEDCBA9876543210ULL;
    health.boot = 4'000'000'000U;
    health.uptime_s = 12.625;
    health.sources = {
        {"door", "camera", "failed", "no \"picture\"\nfor 3 s", 1, 2, 4711},
        {"apps", "statsd", "running", "", std::numeric_limits<std::uint64_t>::max(), 0, -1},
    };
    health.lanes = {{"control", 3, 4, 5, 0.5}, {"live", 6, 7, 8, 90061.25}};
    health.series = 9;
    health.readings_accepted = 10;
    health.readings_refused = 11;
    health.samples_produced = 12;
    health.samples_delivered = 13;
    health.events_produced = 14;
    health.events_delivered = 15;
    health.samples_open = 16;
    health.spool_bytes = 17;
    health.spool_max_bytes = std::numeric_limits<std::uint64_t>::max();
    health.connection = "online";
    health.connection_since = "2026-11-22T10:00:00Z";
    health.broker = "mqtts://broker.example:8883";
    health.certificate_until = "2026-12-24T00:00:00Z";
    health.certificate_problem = "not renewed: no enroller answers";
    health.last_error = "Zugriff verweigert \xC3\xBC";
    health.connects = 18;
    health.in_flight = 19;
    health.bytes_sent = 20;
    health.batches_sent = 21;
    health.batches_refused = 22;
    health.commands_accepted = 23;
    health.commands_refused = 24;
    health.command_refusal = "forged";
    health.configs_refused = 39;
    health.config_refusal = "a replay";
    health.rss_mib = 7.75;
    health.gaps = 23;
    health.samples_lost = 24;
    health.dead_letters = 25;
    health.samples_dead = 26;
    health.disk_free_bytes = 27;
    health.spool_growth_bytes_per_s = -28;
    health.storage_mode = "low";
    health.storage_problem = "free some space";
    health.protocol = "MQTT 3.1.1";
    health.platform_ack = true;
    health.losses = {{"quota", 29, 30}};
    health.journal_in_memory = true;
    health.ring_in_memory = true;
    health.memory_problem = "no directory";
    health.cpu_s = 31.5;
    telemetry::SinkHealth sink;
    sink.name = "group";
    sink.connection = "offline";
    sink.connection_since = "2026-11-22T10:00:02Z";
    sink.broker = "mqtt://group:1883";
    sink.last_error = "refused";
    sink.batches = 32;
    sink.samples = 33;
    sink.events = 34;
    sink.bytes = 35;
    sink.oldest_age_s = 36.5;
    sink.gaps = 37;
    sink.samples_lost = 38;
    sink.storage_mode = "full";
    sink.storage_problem = "the quota";
    health.sinks = {sink};
    return health;
}

void check_lists(const telemetry::Health& seen, const telemetry::Health& sent) {
    REQUIRE(seen.sources.size() == sent.sources.size());
    for (std::size_t i = 0; i < sent.sources.size(); ++i) {
        CHECK(seen.sources[i].name == sent.sources[i].name);
        CHECK(seen.sources[i].plugin == sent.sources[i].plugin);
        CHECK(seen.sources[i].state == sent.sources[i].state);
        CHECK(seen.sources[i].problem == sent.sources[i].problem);
        CHECK(seen.sources[i].readings == sent.sources[i].readings);
        CHECK(seen.sources[i].restarts == sent.sources[i].restarts);
        CHECK(seen.sources[i].pid == sent.sources[i].pid);
    }
    REQUIRE(seen.lanes.size() == sent.lanes.size());
    for (std::size_t i = 0; i < sent.lanes.size(); ++i) {
        CHECK(seen.lanes[i].lane == sent.lanes[i].lane);
        CHECK(seen.lanes[i].batches == sent.lanes[i].batches);
        CHECK(seen.lanes[i].samples == sent.lanes[i].samples);
        CHECK(seen.lanes[i].bytes == sent.lanes[i].bytes);
        CHECK(seen.lanes[i].oldest_age_s == sent.lanes[i].oldest_age_s);
    }
    REQUIRE(seen.losses.size() == 1);
    CHECK(seen.losses[0].cause == "quota");
    CHECK(seen.losses[0].gaps == 29);
    CHECK(seen.losses[0].samples == 30);
}

void check_sinks(const telemetry::Health& seen) {
    REQUIRE(seen.sinks.size() == 1);
    const telemetry::SinkHealth& sink = seen.sinks.front();
    CHECK(sink.name == "group");
    CHECK(sink.connection == "offline");
    CHECK(sink.connection_since == "2026-11-22T10:00:02Z");
    CHECK(sink.broker == "mqtt://group:1883");
    CHECK(sink.last_error == "refused");
    CHECK(sink.batches == 32);
    CHECK(sink.samples == 33);
    CHECK(sink.events == 34);
    CHECK(sink.bytes == 35);
    CHECK(sink.oldest_age_s == 36.5);
    CHECK(sink.gaps == 37);
    CHECK(sink.samples_lost == 38);
    CHECK(sink.storage_mode == "full");
    CHECK(sink.storage_problem == "the quota");
}

}  // namespace

TEST_CASE("messages: a status keeps every field on its way", "[control]") {
    const telemetry::Health sent = full();
    const std::string line = status_answer(sent);
    CHECK(line.find('\n') == std::string::npos);
    const auto parsed = parse_status_answer(line);
    REQUIRE(parsed.ok());
    const telemetry::Health& seen = *parsed;
    check_lists(seen, sent);
    check_sinks(seen);
    CHECK(seen.journal_in_memory);
    CHECK(seen.ring_in_memory);
    CHECK(seen.memory_problem == "no directory");
    CHECK(seen.cpu_s == 31.5);
    CHECK(seen.version == sent.version);
    CHECK(seen.tenant == sent.tenant);
    CHECK(seen.site == sent.site);
    CHECK(seen.node == sent.node);
    CHECK(seen.epoch == sent.epoch);
    CHECK(seen.boot == sent.boot);
    CHECK(seen.uptime_s == sent.uptime_s);
    CHECK(seen.series == 9);
    CHECK(seen.readings_accepted == 10);
    CHECK(seen.readings_refused == 11);
    CHECK(seen.samples_produced == 12);
    CHECK(seen.samples_delivered == 13);
    CHECK(seen.events_produced == 14);
    CHECK(seen.events_delivered == 15);
    CHECK(seen.samples_open == 16);
    CHECK(seen.spool_bytes == 17);
    CHECK(seen.spool_max_bytes == sent.spool_max_bytes);
    CHECK(seen.connection == sent.connection);
    CHECK(seen.connection_since == sent.connection_since);
    CHECK(seen.broker == sent.broker);
    CHECK(seen.last_error == sent.last_error);
    CHECK(seen.certificate_until == sent.certificate_until);
    CHECK(seen.certificate_problem == sent.certificate_problem);
    CHECK(seen.connects == 18);
    CHECK(seen.in_flight == 19);
    CHECK(seen.bytes_sent == 20);
    CHECK(seen.batches_sent == 21);
    CHECK(seen.batches_refused == 22);
    CHECK(seen.commands_accepted == 23);
    CHECK(seen.commands_refused == 24);
    CHECK(seen.command_refusal == "forged");
    CHECK(seen.configs_refused == 39);
    CHECK(seen.config_refusal == "a replay");
    CHECK(seen.rss_mib == sent.rss_mib);
    CHECK(seen.gaps == 23);
    CHECK(seen.samples_lost == 24);
    CHECK(seen.dead_letters == 25);
    CHECK(seen.samples_dead == 26);
    CHECK(seen.disk_free_bytes == 27);
    CHECK(seen.spool_growth_bytes_per_s == -28);
    CHECK(seen.storage_mode == "low");
    CHECK(seen.storage_problem == "free some space");
    CHECK(seen.protocol == "MQTT 3.1.1");
    CHECK(seen.platform_ack);
}

TEST_CASE("messages: with one platform there is no list of sinks", "[control]") {
    telemetry::Health health = full();
    health.sinks.clear();
    CHECK(status_answer(health).find("sinks") == std::string::npos);
    CHECK(status_answer(full()).find("sinks") != std::string::npos);
}

TEST_CASE("messages: a status survives invalid UTF-8 and NaN", "[control]") {
    telemetry::Health health = full();
    health.last_error = "file \xFF\xFE";
    health.uptime_s = std::numeric_limits<double>::quiet_NaN();
    const auto parsed = parse_status_answer(status_answer(health));
    REQUIRE(parsed.ok());
    CHECK(parsed->last_error == "file \xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(std::isnan(parsed->uptime_s));
    CHECK(parsed->node == "box-7");
}

TEST_CASE("messages: what is no status is corrupt", "[control]") {
    const std::string line = GENERATE(
        "",
        "nonsense",
        "[]",
        "{}",
        R"({"ok":true,"status":[]})",
        R"({"ok":true,"status":{"series":-1}})",
        R"({"ok":true,"status":{"series":1.5}})",
        R"({"ok":true,"status":{"boot":4294967296}})",
        R"({"ok":true,"status":{"node":7}})",
        R"({"ok":true,"status":{"lanes":3}})",
        R"({"ok":true,"status":{"sources":[1]}})",
        R"({"ok":true,"status":{"lanes":[{"batches":"x"}]}})",
        R"({"ok":true,"status":{"epoch":"12"}})",
        R"({"ok":true,"status":{"sources":[{"pid":2147483648}]}})"
    );
    INFO(line);
    const auto parsed = parse_status_answer(line);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == ErrorCode::corrupt);
}

TEST_CASE("messages: an error answer is passed on", "[control]") {
    CHECK(ok_answer() == R"({"ok":true})");
    CHECK(error_answer("a \"b\"") == R"({"error":"a \"b\"","ok":false})");
    const auto parsed = parse_status_answer(error_answer("shutting down"));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message == "the agent answered: shutting down");
}

}  // namespace cxedge::control
