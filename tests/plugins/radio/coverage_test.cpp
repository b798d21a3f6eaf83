// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/coverage.hpp"

#include <limits>

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using probes::CoverageJudge;
using probes::CoverageLook;
using std::chrono::seconds;

constexpr double kLimit = -75;

CoverageLook weak_or_good(std::optional<double> dbm) {
    CoverageLook look;
    look.dbm = dbm;
    look.limit_dbm = kLimit;
    return look;
}

// "" for no event, else "raise" or "clear".
std::string judged(CoverageJudge& judge, std::optional<double> dbm) {
    const std::vector<Event> events = judge.take(weak_or_good(dbm));
    return events.empty() ? "" : std::string(to_string(events.front().state));
}

CoverageLook link_at(int second, bool connected, int unseen = 0) {
    CoverageLook look;
    look.at = SteadyTime(seconds(second));
    look.connected = connected;
    look.unseen_changes = unseen;
    return look;
}

}  // namespace

TEST_CASE("coverage: so many weak runs in a row raise, with hysteresis", "[plugins][radio]") {
    CoverageJudge judge({5, 3, 4, seconds(600)}, "wlan0");
    CHECK(judged(judge, -76).empty());
    CHECK(judged(judge, -76).empty());
    CHECK(judged(judge, -75).empty());  // at the limit is not under it: counts anew
    CHECK(judged(judge, -80).empty());
    CHECK(judged(judge, -80).empty());
    const std::vector<Event> raised = judge.take(weak_or_good(-81));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].name == "coverage.degraded");
    CHECK(raised[0].state == EventState::raise);
    CHECK(raised[0].subject == "wlan0");
    CHECK(raised[0].text == "wlan0: RSSI is -81 dBm, under -75 dBm in 3 runs");
    CHECK(judged(judge, -81).empty());  // once
    // Better than the limit, but not by the hysteresis.
    for (int i = 0; i < 5; ++i) {
        CHECK(judged(judge, -71).empty());
    }
    CHECK(judged(judge, -70).empty());
    CHECK(judged(judge, -69).empty());
    const std::vector<Event> cleared = judge.take(weak_or_good(-60));
    REQUIRE(cleared.size() == 1);
    CHECK(cleared[0].state == EventState::clear);
    CHECK(cleared[0].id == raised[0].id);
    // The next time is another one.
    CHECK(judged(judge, -90).empty());
    CHECK(judged(judge, -90).empty());
    const std::vector<Event> again = judge.take(weak_or_good(-90));
    REQUIRE(again.size() == 1);
    CHECK(again[0].id != raised[0].id);
}

TEST_CASE("coverage: a run that measured nothing judges neither way", "[plugins][radio]") {
    CoverageJudge judge({5, 2, 4, seconds(600)}, "wlan0");
    CHECK(judged(judge, -90).empty());
    CHECK(judged(judge, std::nullopt).empty());
    CHECK(judged(judge, std::numeric_limits<double>::quiet_NaN()).empty());
    CHECK(judged(judge, -90) == "raise");
}

TEST_CASE("coverage: more changes than allowed within the window flap", "[plugins][radio]") {
    CoverageJudge judge({5, 3, 4, seconds(100)}, "cdc-wdm0");
    bool connected = true;
    CHECK(judge.take(link_at(0, connected)).empty());  // the first one is no change
    for (int i = 1; i <= 4; ++i) {
        connected = !connected;
        CHECK(judge.take(link_at(i * 10, connected)).empty());
    }
    const std::vector<Event> raised = judge.take(link_at(50, !connected));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].name == "link.flap");
    CHECK(raised[0].severity == Severity::warning);
    CHECK(raised[0].text == "cdc-wdm0: flaps, 5 changes of the connection in 100 s");
    // At 120 s those of 30, 40 and 50 s are left: still too many to be calm.
    CHECK(judge.take(link_at(120, !connected)).empty());
    const std::vector<Event> cleared = judge.take(link_at(131, !connected));
    REQUIRE(cleared.size() == 1);
    CHECK(cleared[0].state == EventState::clear);
    CHECK(cleared[0].id == raised[0].id);
}

TEST_CASE("coverage: changes between the runs count, unknown links do not", "[plugins][radio]") {
    CoverageJudge judge({5, 3, 3, seconds(600)}, "wlan0");
    CHECK(judge.take(link_at(0, true)).empty());
    CHECK(judge.take(link_at(30, true, 2)).empty());
    CoverageLook unknown;
    unknown.at = SteadyTime(seconds(45));
    CHECK(judge.take(unknown).empty());
    CHECK(judge.take(link_at(60, true, 2)).size() == 1);
    // However many there are, memory has an end.
    for (int i = 0; i < 100; ++i) {
        static_cast<void>(judge.take(link_at(61, true, 100'000)));
    }
}

}  // namespace cxedge::test
