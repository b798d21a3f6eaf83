// SPDX-License-Identifier: Apache-2.0
// What becomes of a report, whatever the device.
#include "plugins/_devices/intake.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/time_zone.hpp"

namespace cxedge::devices {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

Reading people_in(double value) {
    Reading reading;
    reading.device = "front";
    reading.info = {{"store.footfall.in", {{"door", "Line 1"}}}, Kind::delta, {}, {}, 0};
    reading.value = value;
    return reading;
}

struct Desk {
    test::FakeHost host{"push"};
    IntakeSettings settings;
    std::optional<Intake> intake;

    Status take(const Report& report) {
        if (!intake) {
            intake.emplace(host, settings);
        }
        return intake->take(report);
    }
    Status take(Reading reading) {
        Report report;
        report.readings = {std::move(reading)};
        return take(report);
    }
    // An hour is too far ahead, by the default of 120 s.
    [[nodiscard]] DeviceTime now_plus(std::chrono::milliseconds time) const {
        return {unix_ms(host.manual_clock.wall_now() + time), false};
    }
    // Lines of one metric.
    [[nodiscard]] Lines lines_of(const std::string& metric) const {
        Lines found;
        for (const std::string& line : host.reading_lines()) {
            if (line.starts_with(metric)) {
                found.push_back(line);
            }
        }
        return found;
    }
    [[nodiscard]] std::vector<Event> events_named(const std::string& name) const {
        std::vector<Event> found;
        for (const Event& event : host.events) {
            if (event.name == name) {
                found.push_back(event);
            }
        }
        return found;
    }
};

TEST_CASE("intake: a reading gets its device, its dimensions, its names", "[devices]") {
    Desk desk;
    desk.settings.names = {{"Line 1", "main"}, {"front", "sensor 7"}};
    desk.settings.dims = {{"floor", "0"}, {"door", "never"}};
    REQUIRE(desk.take(people_in(3)));
    CHECK(
        desk.lines_of("store.") ==
        Lines{"store.footfall.in{device=sensor 7,door=main,floor=0} delta ? 3"}
    );
}

TEST_CASE("intake: a hardware address is never a name", "[devices]") {
    Desk desk;
    Reading reading = people_in(1);
    reading.device = "00:6E:02:AA:BB:CC";
    reading.info.key.dims[0].value = "00-6e-02-aa-bb-cd";
    REQUIRE(desk.take(reading));
    for (const std::string& line : desk.host.reading_lines()) {
        CHECK(line.find("6E:02") == std::string::npos);
        CHECK(line.find("6e-02") == std::string::npos);
    }
    CHECK(desk.host.devices.at(0).device.starts_with("dev-"));
}

TEST_CASE("trap: a message that comes twice counts once", "[devices]") {
    Desk desk;
    Reading interval = people_in(3);
    interval.time = desk.now_plus(seconds(-1));
    interval.from = desk.now_plus(seconds(-61));
    Reading named = people_in(1);
    named.id = "package 7/2";
    for (int i = 0; i < 2; ++i) {
        REQUIRE(desk.take(interval));
        REQUIRE(desk.take(named));
    }
    CHECK(desk.lines_of("store.").size() == 2);
    CHECK(desk.host.repeated == 2);
}

TEST_CASE("trap: history without totals breaks no totals and is in none twice", "[devices]") {
    Desk desk;
    const auto past = [&](const std::string& device) {
        Reading reading = people_in(11);
        reading.device = device;
        reading.time = desk.now_plus(-minutes(15));
        reading.id = "history/1";
        reading.unless_totals = true;
        return reading;
    };
    const auto now = [](const std::string& device, Kind kind, double value) {
        Reading reading = people_in(value);
        reading.device = device;
        reading.info.kind = kind;
        return reading;
    };
    const auto counted = [&](const std::string& device) {
        return desk.lines_of("store.footfall.in{device=" + device + ",door=Line 1}");
    };
    // Nobody knows yet what these two tell.
    REQUIRE(desk.take(past("totals")));
    REQUIRE(desk.take(past("periods")));
    CHECK(desk.lines_of("store.").empty());
    REQUIRE(desk.take(now("totals", Kind::counter, 18)));
    REQUIRE(desk.take(now("periods", Kind::delta, 4)));
    CHECK(counted("totals").size() == 1);
    REQUIRE(counted("periods").size() == 2);
    CHECK(counted("periods")[0].find("? 4") != std::string::npos);
    CHECK(counted("periods")[1].find("? 11") != std::string::npos);
    // Now it is known; what comes again counts once.
    REQUIRE(desk.take(past("totals")));
    REQUIRE(desk.take(past("periods")));
    REQUIRE(desk.take(now("totals", Kind::counter, 20)));
    CHECK(counted("totals").size() == 2);
    CHECK(counted("periods").size() == 2);
    CHECK(desk.events_named("device.bad_element").empty());
}

TEST_CASE("trap: a device that was started again numbers its messages from 1", "[devices]") {
    Desk desk;
    for (const int minute : {5, 4}) {
        Reading reading = people_in(1);
        reading.id = "1";
        reading.time = desk.now_plus(-minutes(minute));
        REQUIRE(desk.take(reading));
        REQUIRE(desk.take(reading));
    }
    CHECK(desk.lines_of("store.").size() == 2);
}

TEST_CASE("trap: a device's clock far ahead is not believed, and said once", "[devices]") {
    Desk desk;
    for (int i = 0; i < 3; ++i) {
        Reading reading = people_in(1);
        reading.time = desk.now_plus(hours(1) + seconds(i));
        reading.from = desk.now_plus(minutes(59) + seconds(i));
        REQUIRE(desk.take(reading));
        REQUIRE(desk.take(reading));  // its wrong times still name it
    }
    CHECK(desk.lines_of("store.").size() == 3);
    for (const std::string& line : desk.lines_of("store.")) {
        CHECK(line.find('@') == std::string::npos);
    }
    const auto told = desk.events_named("device.clock_wrong");
    REQUIRE(told.size() == 1);
    CHECK(told[0].subject == "front");
    // Both times are kept: the offset between them is a series.
    CHECK(desk.host.values_of("device.clock.offset{device=front}").front() == 3600);

    Reading right = people_in(1);
    right.time = desk.now_plus(seconds(0));
    REQUIRE(desk.take(right));
    REQUIRE(desk.events_named("device.clock_wrong").size() == 2);
    CHECK(desk.events_named("device.clock_wrong")[1].state == EventState::clear);
}

TEST_CASE(
    "trap: a buffer sent after an outage keeps its times, and no clock is wrong", "[devices]"
) {
    Desk desk;
    Report report;
    for (int hour = 30; hour > 0; --hour) {
        Reading reading = people_in(1);
        reading.time = desk.now_plus(-hours(hour));
        report.readings.push_back(reading);
    }
    REQUIRE(desk.take(report));
    CHECK(desk.lines_of("store.").size() == 30);
    CHECK(desk.lines_of("store.")[0].find('@') != std::string::npos);
    CHECK(desk.events_named("device.clock_wrong").empty());
    CHECK(desk.lines_of("device.clock.offset").size() == 1);
}

TEST_CASE("trap: a buffer of ten days is as right as its newest reading", "[devices]") {
    Desk desk;
    Report report;
    for (const int day : {10, 9, 0}) {
        Reading reading = people_in(1);
        reading.time = desk.now_plus(-hours(24 * day) - seconds(1));
        report.readings.push_back(reading);
    }
    REQUIRE(desk.take(report));
    for (const std::string& line : desk.lines_of("store.")) {
        CHECK(line.find('@') != std::string::npos);
    }
    CHECK(desk.events_named("device.clock_wrong").empty());
}

TEST_CASE("trap: a clock that is believed at the second try counts once", "[devices]") {
    Desk desk;
    Reading reading = people_in(3);
    reading.time = desk.now_plus(seconds(125));
    reading.from = desk.now_plus(seconds(65));
    REQUIRE(desk.take(reading));
    desk.host.manual_clock.advance(seconds(10));
    REQUIRE(desk.take(reading));
    CHECK(desk.lines_of("store.").size() == 1);
}

TEST_CASE("trap: the hours of a night in autumn all count", "[devices]") {
    const test::TimeZone zone(test::kCentralEurope);
    Desk desk;
    desk.settings.clock = "device";
    Report report;
    // 2026-10-25 as a clock on the wall shows it: 00-01, 01-02, 02-03, 02-03, 03-04.
    for (const int hour : {0, 1, 2, 2, 3}) {
        for (const char* metric : {"store.footfall.in", "store.footfall.out"}) {
            Reading reading = people_in(1);
            reading.info.key.metric = metric;
            reading.from = DeviceTime{1'792'886'400'000 + hour * 3'600'000, true};
            reading.time = DeviceTime{reading.from->ms + 3'600'000, true};
            report.readings.push_back(reading);
        }
    }
    REQUIRE(desk.take(report));
    CHECK(desk.lines_of("store.footfall.in").size() == 5);
    CHECK(desk.lines_of("store.footfall.out").size() == 5);
    CHECK(desk.host.repeated == 0);
    CHECK(desk.lines_of("store.footfall.in").back().ends_with("@1792893600000..1792897200000"));
}

TEST_CASE("intake: lines that share a name are one count", "[devices]") {
    Desk desk;
    desk.settings.names = {{"Line 1", "main"}, {"Line 2", "main"}};
    Report report;
    for (const char* line : {"Line 1", "Line 2", "Line 2"}) {
        Reading reading = people_in(3);
        reading.info.key.dims[0].value = line;
        reading.from = desk.now_plus(seconds(-61));
        reading.time = desk.now_plus(seconds(-1));
        report.readings.push_back(reading);
    }
    REQUIRE(desk.take(report));
    REQUIRE(desk.take(report));
    CHECK(
        desk.host.values_of("store.footfall.in{device=front,door=main}") == std::vector<double>{6}
    );
}

TEST_CASE("intake: events of ever new devices fill nothing", "[devices]") {
    Desk desk;
    desk.settings.max_devices = 5;
    for (int i = 0; i < 3'000; ++i) {
        DeviceEvent told;
        told.event.name = "device.alarm.video";
        told.event.subject = "d" + std::to_string(i);
        told.time = desk.now_plus(seconds(-1));
        Report report;
        report.events = {told};
        REQUIRE(desk.take(report));
    }
    CHECK(desk.events_named("device.alarm.video").size() == 1'024);
    CHECK(desk.host.devices.empty());
    CHECK(desk.host.series.empty());
}

TEST_CASE("intake: whose clock counts is a setting", "[devices]") {
    Desk device;
    device.settings.clock = "device";
    Desk receive;
    receive.settings.clock = "receive";
    for (Desk* desk : {&device, &receive}) {
        Reading reading = people_in(1);
        reading.time = desk->now_plus(hours(1));
        REQUIRE(desk->take(reading));
    }
    CHECK(device.lines_of("store.")[0].find('@') != std::string::npos);
    CHECK(receive.lines_of("store.")[0].find('@') == std::string::npos);
    CHECK(device.events_named("device.clock_wrong").size() == 1);
    CHECK(receive.events_named("device.clock_wrong").empty());
}

TEST_CASE("trap: local times without zone, also in the hour that comes twice", "[devices]") {
    const test::TimeZone zone(test::kCentralEurope);
    const std::int64_t shown = 1'792'895'400'000;  // 2026-10-25 02:30 on the wall
    const WallTime summer = from_unix_ms(1'792'888'200'000);
    CHECK(to_utc({shown, true}, summer) == summer);
    CHECK(to_utc({shown, true}, summer + hours(1)) == summer + hours(1));
    // 2027-03-28 02:30 never is: half an hour into summer time.
    CHECK(to_utc({1'806'201'000'000, true}, {}) == from_unix_ms(1'806'197'400'000));
    // Noon of a winter day.
    CHECK(to_utc({1'795'348'800'000, true}, {}) == from_unix_ms(1'795'345'200'000));
}

TEST_CASE("trap: retained state of a device that is dead is no reading", "[devices]") {
    Desk desk;
    Report report;
    report.readings = {people_in(1)};
    DeviceState state;
    state.device = "front";
    state.last_seen = desk.now_plus(-hours(5));
    report.devices = {state};
    REQUIRE(desk.take(report));
    CHECK(desk.lines_of("store.").empty());
    REQUIRE(desk.host.devices.size() == 1);
    CHECK_FALSE(desk.host.devices[0].up);
    CHECK(desk.host.values_of("device.up{device=front}") == std::vector<double>{0});
}

TEST_CASE("trap: a battery device that checks in daily is up with silent_s of a day", "[devices]") {
    test::FakeHost host{test::FakeHost::ManualTimers{}, "push"};
    IntakeSettings settings;
    settings.silent = hours(24);
    Intake intake(host, settings);
    const auto pass = [&](int count) {
        for (int minute = 0; minute < count; ++minute) {
            host.manual_clock.advance(minutes(1));
            host.loop().poll();
        }
    };
    Report report;
    report.readings = {people_in(1)};
    for (int day = 0; day < 3; ++day) {
        REQUIRE(intake.take(report));
        pass(24 * 60);
    }
    const std::string up = "device.up{device=front}";
    const std::vector<double> ups = host.values_of(up);
    CHECK(ups.size() > 3);
    CHECK(std::count(ups.begin(), ups.end(), 0) == 0);
    pass(2);  // and on the fourth day it does not
    CHECK(host.values_of(up).back() == 0);
}

TEST_CASE("intake: a device that falls silent is down until it speaks again", "[devices]") {
    Desk desk;
    desk.settings.silent = seconds(1);
    desk.host.real_clock = nullptr;
    REQUIRE(desk.take(people_in(1)));
    CHECK(desk.host.devices.back().up);
    desk.host.manual_clock.advance(seconds(2));
    REQUIRE(desk.host.run_until([&] { return !desk.host.devices.back().up; }));
    REQUIRE(desk.take(people_in(1)));
    CHECK(desk.host.devices.back().up);
    const std::vector<double> up = desk.host.values_of("device.up{device=front}");
    CHECK(up.front() == 1);
    CHECK(std::count(up.begin(), up.end(), 0) >= 1);
    CHECK(up.back() == 1);
}

TEST_CASE("intake: what a device says of itself is in the inventory", "[devices]") {
    Desk desk;
    Report report;
    report.devices = {{"front", "PC2S", "5.1", 80.0, true, {}}};
    REQUIRE(desk.take(report));
    CHECK(desk.host.devices.back() == DeviceNote{"front", "PC2S", "5.1", 80.0, true});
    CHECK(desk.host.values_of("device.battery{device=front}") == std::vector<double>{80});
}

TEST_CASE("trap: one malformed element is one event, and the rest counts", "[devices]") {
    Desk desk;
    for (int i = 0; i < 50; ++i) {
        Report report;
        report.readings = {people_in(1)};
        report.bad_elements = {{"/records/" + std::to_string(i) + "/value", "is not a number"}};
        REQUIRE(desk.take(report));
    }
    CHECK(desk.lines_of("store.").size() == 50);
    CHECK(desk.events_named("device.bad_element").size() == 1);
    CHECK(desk.host.values_of("device.bad_elements{source=push}").size() == 50);
    desk.host.manual_clock.advance(minutes(61));
    Report again;
    again.bad_elements = {{"/records/3/value", "is not a number"}};
    REQUIRE(desk.take(again));
    CHECK(desk.events_named("device.bad_element").size() == 2);
}

TEST_CASE("intake: storage that is full is passed on, other refusals are not", "[devices]") {
    Desk desk;
    desk.host.on_emit = [](const SeriesInfo& info, double) {
        return info.key.metric.starts_with("store.") ? Status(exhausted("full")) : Status();
    };
    CHECK(desk.take(people_in(1)).error().code == ErrorCode::exhausted);
    desk.host.on_emit = nullptr;
    desk.host.on_declare = [](const SeriesInfo& info) {
        return info.key.metric.starts_with("till.") ? Status(invalid_argument("unknown"))
                                                    : Status();
    };
    Reading unknown = people_in(1);
    unknown.info.key.metric = "till.x";
    CHECK(desk.take(unknown));
    CHECK(desk.events_named("device.bad_element").size() == 1);
}

TEST_CASE("intake: sums and increments of one thing do not add up", "[devices]") {
    Desk desk;
    Reading sum = people_in(500);
    sum.info.kind = Kind::counter;
    REQUIRE(desk.take(people_in(1)));
    REQUIRE(desk.take(sum));
    REQUIRE(desk.take(people_in(1)));
    CHECK(desk.lines_of("store.").size() == 2);
    CHECK(desk.events_named("device.bad_element").size() == 1);
}

TEST_CASE("intake: series and devices are bounded", "[devices]") {
    Desk desk;
    desk.settings.max_devices = 2;
    desk.settings.max_series = 3;
    for (int i = 0; i < 10; ++i) {
        Reading reading = people_in(1);
        reading.device = "d" + std::to_string(i);
        REQUIRE(desk.take(reading));
        Reading line = people_in(1);
        line.device = "d0";
        line.info.key.dims[0].value = std::to_string(i);
        REQUIRE(desk.take(line));
    }
    CHECK(desk.lines_of("store.").size() <= 4);
    CHECK(desk.events_named("device.bad_element").size() == 2);
}

TEST_CASE("intake: alarms are raised and cleared once, facts told once", "[devices]") {
    Desk desk;
    const auto tell = [&](EventState state, const std::string& id) {
        DeviceEvent told;
        told.event.name = id.empty() ? "camera.tampered" : "fb.rating";
        told.event.state = state;
        told.event.subject = "front";
        told.id = id;
        Report report;
        report.events = {told};
        REQUIRE(desk.take(report));
    };
    tell(EventState::clear, "");
    for (int i = 0; i < 3; ++i) {
        tell(EventState::raise, "");
    }
    tell(EventState::clear, "");
    tell(EventState::clear, "");
    const auto alarms = desk.events_named("camera.tampered");
    REQUIRE(alarms.size() == 2);
    CHECK(alarms[0].id == alarms[1].id);
    tell(EventState::raise, "press 1");
    tell(EventState::raise, "press 1");
    tell(EventState::raise, "press 2");
    CHECK(desk.events_named("fb.rating").size() == 2);
}

TEST_CASE("intake: what is about a person is counted and gone", "[devices]") {
    Desk desk;
    Report report;
    report.readings = {people_in(1)};
    report.private_fields = {{"gender", 4}, {"name", 1}};
    REQUIRE(desk.take(report));
    REQUIRE(desk.take(report));
    CHECK(
        desk.host.values_of("privacy.dropped_fields{field=gender,source=push}") ==
        std::vector<double>{4, 4}
    );
}

}  // namespace
}  // namespace cxedge::devices
