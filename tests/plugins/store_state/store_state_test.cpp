// SPDX-License-Identifier: Apache-2.0
#include "plugins/store_state/store_state.hpp"

#include <cstdlib>
#include <ctime>
#include <sstream>

#include "tests/plugins/case_run.hpp"
#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::StoreState;

void live_in(const char* zone) {
    ::setenv("TZ", zone, 1);  // NOLINT(concurrency-mt-unsafe)
    ::tzset();
}

SeriesInfo sensor(const std::string& metric, const std::string& door = {}) {
    SeriesInfo info{{metric, {}}, Kind::gauge, {}, {}, 0};
    if (!door.empty()) {
        info.key.dims = {{"door", door}};
        info.kind = Kind::state;
    }
    return info;
}

// Lets time pass, looking once a minute.
void pass(FakeHost& host, StoreState& source, std::chrono::minutes minutes) {
    for (auto i = 0min; i < minutes; ++i) {
        host.manual_clock.advance(1min);
        source.look();
    }
}

// Lines "minutes metric value [door]": so long passes, then the reading comes.
void feed_lines(CaseRun& run, StoreState& source) {
    for (const std::string& line : read_lines(run.folder / "input" / "readings.txt")) {
        std::istringstream words(line);
        int minutes = 0;
        std::string metric;
        double value = 0;
        std::string door;
        words >> minutes >> metric >> value >> door;
        pass(run.host, source, std::chrono::minutes(minutes));
        run.host.tell(sensor(metric, door), value);
        source.look();
    }
}

const std::string kShop =
    "plugin = \"store_state\"\nsettle_s = 60\n"
    "schedule = { \"mon-sun\" = \"09:00-20:00\" }\n";

}  // namespace

TEST_CASE("store_state: case folders, sample, init", "[plugins][store_state]") {
    PluginUnderTest plugin;
    plugin.folder = "store_state";
    plugin.make = make_source<StoreState>;
    plugin.prepare = [](CaseRun& run) {
        live_in("UTC0");
        run.host.manual_clock.set_wall(from_unix_ms(1'792'742'400'000));  // Friday, 08:00
        run.any_order = true;  // a line a minute: only which there were
    };
    plugin.feed = [](CaseRun& run, Source& source) {
        feed_lines(run, dynamic_cast<StoreState&>(source));
    };
    check_plugin(plugin);
}

TEST_CASE("store_state: told on change and once a minute", "[plugins][store_state]") {
    live_in("UTC0");
    Running<StoreState> run;
    run.host.manual_clock.set_wall(from_unix_ms(1'792'749'600'000));  // 10:00
    REQUIRE(run.start(kShop));
    CHECK(run.host.values_of("store.open") == std::vector<double>{4});
    REQUIRE(
        run.host.series.at(0).states ==
        std::vector<std::string>{"closed", "opening", "open", "closing", "unknown"}
    );
    run.host.tell(sensor("store.door.open", "main"), 1);
    pass(run.host, run.source, 3min);
    CHECK(run.host.values_of("store.open") == std::vector<double>{4, 4, 2, 2});
    CHECK(run.host.events.empty());  // nobody knows whether it opened now
    run.host.tell(sensor("store.door.open", "main"), 0);
    run.host.tell(sensor("store.env.illuminance"), 3);
    pass(run.host, run.source, 3min);
    REQUIRE(run.host.events.size() == 2);
    CHECK(run.host.events.at(0).name == "store.closed");
    CHECK(run.host.events.at(1).name == "store.closed_early");
    CHECK(run.host.values_of("store.open").back() == 0);
}

TEST_CASE("store_state: its last state survives a restart", "[plugins][store_state]") {
    live_in("UTC0");
    Running<StoreState> first;
    first.host.manual_clock.set_wall(from_unix_ms(1'792'749'600'000));
    REQUIRE(first.start(kShop));
    first.host.tell(sensor("store.door.open", "main"), 1);
    pass(first.host, first.source, 3min);
    REQUIRE_FALSE(first.host.kept_now.empty());
    Running<StoreState> second;
    second.host.kept_before = first.host.kept_now;
    second.host.manual_clock.set_wall(from_unix_ms(1'792'749'600'000) + 10min);
    REQUIRE(second.start(kShop));
    CHECK(second.host.values_of("store.open") == std::vector<double>{2});
    CHECK(second.host.kept_now.empty());  // as it was: no write
    SECTION("until it is too old to be true") {
        pass(second.host, second.source, 31min);
        CHECK(second.host.values_of("store.open").back() == 4);
    }
    SECTION("and bytes that are none do no harm") {
        Running<StoreState> third;
        third.host.kept_before = "rubbish";
        REQUIRE(third.start(kShop));
        CHECK(third.host.logged("cannot be read"));
        CHECK(third.host.values_of("store.open") == std::vector<double>{4});
    }
}

TEST_CASE("store_state: an alarm has one id over a restart", "[plugins][store_state]") {
    live_in("UTC0");
    std::string kept;
    EventId raised{};
    {
        Running<StoreState> run;
        run.host.manual_clock.set_wall(from_unix_ms(1'792'742'400'000));
        REQUIRE(run.start(kShop));
        for (int i = 0; i < 90; ++i) {
            run.host.tell(sensor("store.door.open", "main"), 0);
            pass(run.host, run.source, 1min);
        }
        REQUIRE(run.host.events.size() == 1);
        CHECK(run.host.events[0].name == "store.opened_late");
        raised = run.host.events[0].id;
        kept = run.host.kept_now;
    }
    Running<StoreState> run;
    run.host.kept_before = kept;
    run.host.manual_clock.set_wall(from_unix_ms(1'792'742'400'000) + 91min);
    REQUIRE(run.start(kShop));
    run.host.tell(sensor("store.door.open", "main"), 1);
    pass(run.host, run.source, 5min);
    REQUIRE(run.host.events.size() == 2);
    CHECK(run.host.events[0].name == "store.opened");
    CHECK(run.host.events[1].state == EventState::clear);
    CHECK(run.host.events[1].id == raised);
}

TEST_CASE("store_state: readings of old say nothing of now", "[plugins][store_state]") {
    live_in("UTC0");
    Running<StoreState> run;
    run.host.manual_clock.set_wall(from_unix_ms(1'792'749'600'000));
    REQUIRE(run.start(kShop));
    // FakeHost stamps readings with now; two hours and more later nothing is known of a light.
    run.host.tell(sensor("store.env.illuminance"), 900);
    pass(run.host, run.source, 3min);
    CHECK(run.host.values_of("store.open").back() == 2);
    pass(run.host, run.source, 121min);
    CHECK(run.host.values_of("store.open").back() == 4);
    run.source.stop();
    run.host.tell(sensor("store.env.illuminance"), 900);  // nobody is there to take it
}

TEST_CASE("store_state: opening hours in words", "[store_state]") {
    using plugins::parse_opening_hours;
    CHECK(parse_opening_hours("closed")->empty());
    CHECK(
        *parse_opening_hours(" 09:00 - 12:30 , 14:00-20:00 ") ==
        plugins::OpeningDay{{9h, 12h + 30min}, {14h, 20h}}
    );
    CHECK(*parse_opening_hours("20:00-02:00") == plugins::OpeningDay{{20h, 26h}});
    CHECK(*parse_opening_hours("00:00-24:00") == plugins::OpeningDay{{0h, 24h}});
    for (const char* wrong :
         {"", "09:00", "09:00-09:00", "9-17", "24:00-08:00", "09:00-12:00,11:00-14:00", "open"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_opening_hours(wrong).ok());
    }
    CHECK(*plugins::parse_weekdays("sat-mon") == std::vector<int>{5, 6, 0});
    CHECK(*plugins::parse_weekdays("mon, wed") == std::vector<int>{0, 2});
    CHECK_FALSE(plugins::parse_weekdays("monday").ok());
    CHECK_FALSE(plugins::parse_weekdays("mon-tue-wed").ok());
    CHECK(*plugins::parse_calendar_day("2026-10-23") == 20'749);
    CHECK(plugins::day_text(20'749) == "2026-10-23");
    for (const char* wrong : {"2026-02-30", "26-10-23", "2026-10-23x", "tomorrow"}) {
        CAPTURE(wrong);
        CHECK_FALSE(plugins::parse_calendar_day(wrong).ok());
    }
}

TEST_CASE("store_state: spans over midnight and around the clock", "[store_state]") {
    live_in("UTC0");
    plugins::OpeningHours bar;
    bar.set_weekday(4, *plugins::parse_opening_hours("20:00-02:00"));  // Friday
    const WallTime friday = from_unix_ms(20'749LL * 86'400'000);
    CHECK_FALSE(bar.now(friday + 1h));
    CHECK(bar.now(friday + 21h));
    REQUIRE(bar.now(friday + 25h));
    CHECK(bar.now(friday + 25h)->day == 20'749);
    CHECK_FALSE(bar.now(friday + 26h));
    CHECK(bar.before(friday + 27h)->to == friday + 26h);
    CHECK(bar.after(friday + 27h)->from == friday + 7 * 24h + 20h);
    plugins::OpeningHours always;
    for (int day = 0; day < 7; ++day) {
        always.set_weekday(day, *plugins::parse_opening_hours("00:00-24:00"));
    }
    CHECK(always.now(friday));
    CHECK(always.now(friday + 24h));
}

TEST_CASE("store_state: opening hours on days of 23 and 25 hours", "[store_state]") {
    live_in("CET-1CEST,M3.5.0/2,M10.5.0/3");
    plugins::OpeningHours hours;
    for (int day = 0; day < 7; ++day) {
        hours.set_weekday(day, *plugins::parse_opening_hours("09:00-20:00"));
    }
    const auto opens = [&](std::int64_t day) {
        return iso8601(hours.after(from_unix_ms(day * 86'400'000))->from);
    };
    CHECK(opens(20'540) == "2026-03-28T08:00:00Z");
    CHECK(opens(20'541) == "2026-03-29T07:00:00Z");
    CHECK(opens(20'750) == "2026-10-24T07:00:00Z");
    CHECK(opens(20'751) == "2026-10-25T08:00:00Z");
    live_in("UTC0");
}

}  // namespace cxedge::test
