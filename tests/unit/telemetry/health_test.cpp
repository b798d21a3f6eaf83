// SPDX-License-Identifier: Apache-2.0
#include "agent/telemetry/health.hpp"

#include <vector>

#include "tests/support/catch.hpp"

namespace cxedge::telemetry {

TEST_CASE("health: the board shows the latest picture", "[telemetry]") {
    HealthBoard board;
    CHECK(board.latest().node.empty());
    Health health;
    health.node = "box-7";
    board.publish(health);
    health.samples_produced = 12;
    board.publish(health);
    CHECK(board.latest().node == "box-7");
    CHECK(board.latest().samples_produced == 12);
}

TEST_CASE("health: the watchdog is due only when every thread ticked", "[telemetry]") {
    WatchdogFeed feed;
    CHECK_FALSE(feed.due());
    feed.tick(Ticker::ingest);
    feed.tick(Ticker::ingest);
    feed.tick(Ticker::uplink);
    CHECK_FALSE(feed.due());
    feed.tick(Ticker::control);
    CHECK(feed.due());
    CHECK_FALSE(feed.due());

    feed.tick(Ticker::control);
    feed.tick(Ticker::uplink);
    CHECK_FALSE(feed.due());
    feed.tick(Ticker::ingest);
    CHECK(feed.due());
}

TEST_CASE("health: resident memory grows with touched pages", "[telemetry]") {
    const double before = resident_mib();
    CHECK(before > 0.5);
    const std::vector<char> block(64U << 20U, 'x');
    CHECK(block[block.size() / 2] == 'x');
    CHECK(resident_mib() > before + 48);
}

}  // namespace cxedge::telemetry
