// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/status_page.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

using telemetry::Health;

Health well() {
    Health health;
    health.version = "0.1.0";
    health.tenant = "acme";
    health.site = "paris";
    health.node = "box-7";
    health.epoch = 0xAB;
    health.boot = 4;
    health.uptime_s = 7800;
    health.rss_mib = 7.84;
    health.connection = "online";
    health.connection_since = "2026-11-22T10:00:00Z";
    health.broker = "mqtt://127.0.0.1:1883";
    health.connects = 2;
    health.samples_produced = 1200;
    health.samples_delivered = 1190;
    health.samples_open = 10;
    health.events_produced = 3;
    health.events_delivered = 2;
    health.spool_bytes = 4096;
    health.spool_max_bytes = 1U << 20U;
    health.disk_free_bytes = 1U << 30U;
    health.protocol = "MQTT 5.0";
    health.lanes = {{"control", 0, 0, 0, 0}, {"live", 2, 20, 900, 0.6}, {"bulk", 0, 0, 0, 0}};
    health.sources = {
        {"apps", "statsd", "running", "", 500, 0, 0},
        {"door", "camera", "running", "", 20, 1, 4711},
    };
    return health;
}

bool has(const std::string& page, const std::string& text) {
    INFO(page);
    return page.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("status_page: the headline says at a glance what is wrong", "[ctl]") {
    Health health = well();
    CHECK(headline(health) == "OK");
    health.lanes[1].oldest_age_s = 12.9;
    CHECK(headline(health) == "BEHIND 12 s (2 batches, 20 samples, 0 events)");
    health.sources[1].state = "failed";
    CHECK(headline(health) == "SOURCE FAILED door; BEHIND 12 s (2 batches, 20 samples, 0 events)");
    health.connection = "connecting";
    health.last_error = "connection refused";
    CHECK(
        headline(health) ==
        "OFFLINE since 2026-11-22T10:00:00Z (connection refused); SOURCE FAILED door; "
        "BEHIND 12 s (2 batches, 20 samples, 0 events)"
    );
    health = well();
    health.connection = "offline";
    health.connection_since.clear();
    CHECK(headline(health) == "OFFLINE");
    health = well();
    health.sources[0].state = "waiting";
    CHECK(headline(health) == "OK");
}

TEST_CASE("status_page: a healthy node on one page", "[ctl]") {
    CHECK(
        status_page(well()) ==
        "OK\n"
        "\n"
        "node        acme/paris/box-7\n"
        "agent       cxedge 0.1.0, up 2 h 10 min, boot 4, epoch 00000000000000ab, 7.8 MiB "
        "resident\n"
        "connection  online since 2026-11-22T10:00:00Z, broker mqtt://127.0.0.1:1883, MQTT 5.0\n"
        "traffic     2 connects, 0 batches sent, 0 refused, 0 in flight, 0 B sent\n"
        "readings    0 accepted, 0 refused, 0 series\n"
        "samples     1200 produced, 1190 delivered, 10 open\n"
        "events      3 produced, 2 delivered\n"
        "spool       normal, 4.0 KiB of 1.0 MiB (0.4 %), 1.0 GiB free on its disk\n"
        "behind      0.6 s (2 batches, 20 samples, 0 events)\n"
        "\n"
        "LANE         BATCHES   SAMPLES    EVENTS       SIZE  OLDEST\n"
        "control            0         0         0        0 B  -\n"
        "live               2        20         0      900 B  0.6 s\n"
        "bulk               0         0         0        0 B  -\n"
        "\n"
        "SOURCE               PLUGIN       STATE       READINGS  RESTARTS      PID  PROBLEM\n"
        "apps                 statsd       running          500         0        -\n"
        "door                 camera       running           20         1     4711\n"
    );
}

TEST_CASE("status_page: when the disk will be full, and why storage is not well", "[ctl]") {
    Health health = well();
    health.spool_growth_bytes_per_s = 10;  // 1,044,480 bytes are free in the quota
    CHECK(has(status_page(health), ", full in 1 d 5 h\n"));
    CHECK(headline(health) == "OK");
    health.disk_free_bytes = 36'100;
    health.storage_mode = "low";
    health.storage_problem = "the disk has 35 KiB left: free some";
    CHECK(headline(health) == "STORAGE LOW; FULL IN 1 h 0 min");
    CHECK(has(status_page(health), "storage     the disk has 35 KiB left: free some\n"));
    health.spool_growth_bytes_per_s = -10;
    CHECK(headline(health) == "STORAGE LOW");
    health.spool_bytes = health.spool_max_bytes + 1;
    health.spool_growth_bytes_per_s = 1;
    CHECK(headline(health) == "STORAGE LOW; FULL IN 0.0 s");
}

TEST_CASE("status_page: what nobody will receive", "[ctl]") {
    Health health = well();
    CHECK_FALSE(has(status_page(health), "lost"));
    health.gaps = 2;
    health.samples_lost = 300;
    health.dead_letters = 1;
    health.samples_dead = 7;
    CHECK(
        has(status_page(health),
            "lost        300 samples in 2 declared gaps, 7 samples in 1 dead letters\n")
    );
    health.losses = {{"quota", 1, 200}, {"age", 1, 100}, {"corrupt", 0, 0}};
    CHECK(has(status_page(health), "300 samples in 2 declared gaps (quota 200, age 100), 7 "));
}

TEST_CASE("status_page: unsent data that would not survive the process", "[ctl]") {
    Health health = well();
    health.memory_problem = "journal: no room for /run/cxedge/journal-a";
    CHECK(headline(health) == "UNSENT DATA IN MEMORY ONLY");
    CHECK(has(status_page(health), "memory      journal: no room for /run/cxedge/journal-a\n"));
}

TEST_CASE("status_page: how far back the history goes, and what it costs", "[ctl]") {
    Health health;
    CHECK_FALSE(has(status_page(health), "history"));
    health.history_max_bytes = 64U << 20U;
    CHECK(has(status_page(health), "history     nothing yet, 0 B of 64.0 MiB\n"));
    health.history_bytes = 11U << 19U;
    health.history_age_s = 3600;
    health.history_dropped = 4;
    const std::string page = status_page(health);
    CHECK(has(page, "history     1 h 0 min back, 5.5 MiB of 64.0 MiB, 4 found no room\n"));
    health.history_problem = "history.db has reached its quota";
    CHECK(has(headline(health), "HISTORY history.db has reached its quota"));
}

TEST_CASE("status_page: further sinks at a glance", "[ctl]") {
    Health health = well();
    const std::string alone = status_page(health);
    telemetry::SinkHealth group;
    group.name = "group";
    group.connection = "online";
    group.connection_since = "2026-11-22T10:00:01Z";
    health.sinks = {group};
    CHECK(headline(health) == "OK");
    const std::string page = status_page(health);
    CHECK(page.size() > alone.size());
    CHECK(has(
        page,
        "\n"
        "SINK         CONNECTION SINCE                  BATCHES   SAMPLES    EVENTS     OLDEST  "
        "WHY\n"
        "group        online     2026-11-22T10:00:01Z         0         0         0          -\n"
    ));
    health.sinks[0].connection = "offline";
    health.sinks[0].last_error = "connection refused";
    health.sinks[0].batches = 40;
    health.sinks[0].samples = 4000;
    health.sinks[0].events = 3;
    health.sinks[0].oldest_age_s = 3600;
    health.sinks[0].gaps = 1;
    health.sinks[0].samples_lost = 50;
    health.sinks[0].storage_mode = "full";
    CHECK(
        headline(health) ==
        "SINK group OFFLINE since 2026-11-22T10:00:01Z (connection refused); "
        "SINK group BEHIND 1 h 0 min; SINK group STORAGE FULL"
    );
    CHECK(
        has(status_page(health),
            "group        offline    2026-11-22T10:00:01Z        40      4000         3  1 h 0 min"
            "  connection refused; 50 samples lost in 1 gaps\n")
    );
}

TEST_CASE("status_page: problems are shown, and cannot forge lines", "[ctl]") {
    Health health = well();
    health.last_error = "refused: not authorised (0x87)\nOK";
    health.sources[1].state = "failed";
    health.sources[1].problem = "crashed 5 times in 60 s";
    const std::string page = status_page(health);
    CHECK(page.rfind("SOURCE FAILED door\n", 0) == 0);
    CHECK(has(page, "last error  refused: not authorised (0x87)?OK\n"));
    CHECK(has(page, "4711  crashed 5 times in 60 s\n"));
}

TEST_CASE("status_page: a picture without anything in it", "[ctl]") {
    const std::string page = status_page(Health{});
    CHECK(page.rfind("OFFLINE\n", 0) == 0);
    CHECK(has(page, "spool       normal, 0 B of 0 B (0.0 %), 0 B free on its disk\n"));
    CHECK(has(page, "behind      nothing waits\n"));
}

}  // namespace cxedge::ctl
