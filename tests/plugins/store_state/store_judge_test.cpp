// SPDX-License-Identifier: Apache-2.0
#include "plugins/store_state/store_judge.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace std::chrono_literals;
using plugins::JudgeRules;
using plugins::OpeningHours;
using plugins::StoreJudge;
using plugins::StoreNews;
using plugins::StoreOpen;

// The box's time zone while it lives.
class StoreZone {
public:
    explicit StoreZone(const char* name) {
        ::setenv("TZ", name, 1);  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
    StoreZone(const StoreZone&) = delete;
    StoreZone& operator=(const StoreZone&) = delete;
    ~StoreZone() {
        ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
        ::tzset();
    }
};

constexpr const char* kCentralEurope = "CET-1CEST,M3.5.0/2,M10.5.0/3";

OpeningHours usual_hours() {
    OpeningHours hours;
    for (int day = 0; day < 6; ++day) {
        hours.set_weekday(day, *plugins::parse_opening_hours("09:00-20:00"));
    }
    hours.set_weekday(6, {});
    return hours;
}

// A shop with a shutter, lights and a door counter. Time runs in steps of ten seconds; what the
// sensors say is a function of the local time.
struct Shop {
    StoreZone zone{kCentralEurope};
    JudgeRules rules;
    StoreJudge judge;
    WallTime wall;
    SteadyTime steady{1'000h};
    std::vector<StoreNews> news;
    std::function<bool(int minute)> shutter_open = [](int m) {
        return m >= 530 && m < 1'205;
    };
    std::function<double(int minute)> light = [](int m) {
        return m >= 510 && m < 1'210 ? 600.0 : 5.0;
    };
    std::function<double(int minute)> people = [](int m) {
        return m >= 540 && m < 1'200 ? 1.0 : 0;
    };
    bool sensors_work = true;

    // 2026-10-19 is a Monday; `begin` is UTC midnight of a day.
    explicit Shop(std::int64_t day = 20'745, OpeningHours hours = usual_hours())
        : judge(rules, std::move(hours)), wall(from_unix_ms(day * 86'400'000)) {}

    [[nodiscard]] StoreJudge::Now now() const { return {wall, steady}; }
    void tell(std::size_t rule, const char* metric, Kind kind, double value) {
        judge.take(rule, SeriesInfo{{metric, {}}, kind, {}, {}, 0}, value, steady);
    }
    void sense() {
        const auto minute = static_cast<int>(plugins::local_time_of_day(wall).count());
        tell(0, "store.door.open", Kind::state, shutter_open(minute) ? 1 : 0);
        tell(1, "store.env.illuminance", Kind::gauge, light(minute));
        tell(2, "store.footfall.in", Kind::delta, people(minute));
    }
    void run(std::chrono::minutes for_so_long) {
        for (auto passed = 0s; passed < for_so_long; passed += 10s) {
            if (sensors_work && passed % 60s == 0s) {
                sense();
            }
            for (StoreNews& one : judge.look(now())) {
                news.push_back(std::move(one));
            }
            wall += 10s;
            steady += 10s;
        }
    }
    void run_to(int hour, int minute = 0) {
        do {
            run(1min);
        } while (plugins::local_time_of_day(wall).count() != hour * 60 + minute);
    }
    // "store.opened 09:05, ...": local times of the looks are not kept, so only names and states.
    [[nodiscard]] std::string names() const {
        std::string all;
        for (const StoreNews& one : news) {
            all += (all.empty() ? "" : " ") + one.name.substr(6);
            all += one.state == EventState::clear ? "(clear)" : "";
        }
        return all;
    }
    [[nodiscard]] std::string attr(std::size_t index, const std::string& key) const {
        for (const Dimension& one : news.at(index).attrs) {
            if (one.key == key) {
                return one.value;
            }
        }
        return "none";
    }
};

}  // namespace

TEST_CASE("store: a week of usual days", "[store_state]") {
    Shop shop;
    shop.run(6 * 24h);
    CHECK(
        shop.names() ==
        "opened closed opened closed opened closed opened closed opened closed opened closed"
    );
    CHECK(shop.attr(0, "door") == "open (1)");
    CHECK(shop.attr(0, "light") == "open (600)");
    CHECK(shop.attr(0, "schedule") == "closed");  // ten minutes before nine
    CHECK(shop.news.at(0).severity == Severity::info);
    shop.news.clear();
    shop.run(24h);  // on a Sunday
    CHECK(shop.names() == "opened open_after_hours closed open_after_hours(clear)");
}

TEST_CASE("store: opening and closing are told while they are not sure", "[store_state]") {
    Shop shop;
    shop.run_to(3);
    CHECK(shop.judge.state() == StoreOpen::closed);
    shop.run_to(8, 52);  // the shutter is up
    CHECK(shop.judge.state() == StoreOpen::opening);
    shop.run_to(8, 56);
    CHECK(shop.judge.state() == StoreOpen::open);
    shop.run_to(20, 12);
    CHECK(shop.judge.state() == StoreOpen::closing);
    shop.run_to(20, 30);
    CHECK(shop.judge.state() == StoreOpen::closed);
}

TEST_CASE("store: days of 23 and 25 hours have their opening hours", "[store_state]") {
    OpeningHours every_day;
    for (int day = 0; day < 7; ++day) {
        every_day.set_weekday(day, *plugins::parse_opening_hours("09:00-20:00"));
    }
    const std::int64_t day = GENERATE(20'540, 20'750);  // 2026-03-28, 2026-10-24: Saturdays
    Shop shop(day, every_day);
    shop.run(4 * 24h);
    CHECK(shop.names() == "opened closed opened closed opened closed opened closed");
}

TEST_CASE("store: a holiday is no day on which it opened late", "[store_state]") {
    OpeningHours hours = usual_hours();
    hours.set_day(20'746, {});
    hours.set_day(20'747, *plugins::parse_opening_hours("10:00-14:00"));
    Shop shop(20'745, hours);
    shop.run_to(23);
    shop.shutter_open = [](int /*minute*/) {
        return false;
    };
    shop.light = [](int /*minute*/) {
        return 0.0;
    };
    shop.people = [](int /*minute*/) {
        return 0.0;
    };
    shop.run(23h);
    CHECK(shop.names() == "opened closed");
}

TEST_CASE("store: opened late, with minutes, once", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int m) {
        return m >= 585 && m < 1'205;
    };
    shop.light = [](int m) {
        return m >= 580 && m < 1'205 ? 500.0 : 0.0;
    };
    shop.people = [](int /*minute*/) {
        return 0.0;
    };
    shop.run(24h);
    REQUIRE(shop.names() == "opened_late opened opened_late(clear) closed");
    CHECK(shop.attr(0, "minutes") == "15");
    CHECK(shop.news.at(0).severity == Severity::minor);
    CHECK(shop.news.at(0).day == shop.news.at(2).day);
    CHECK(std::stoi(shop.attr(2, "minutes")) >= 40);
    CHECK(std::stoi(shop.attr(2, "minutes")) <= 46);
}

TEST_CASE("store: it never opened", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int /*minute*/) {
        return false;
    };
    shop.light = [](int /*minute*/) {
        return 0.0;
    };
    shop.people = [](int /*minute*/) {
        return 0.0;
    };
    shop.run(24h);
    REQUIRE(shop.names() == "opened_late opened_late(clear)");
    CHECK(shop.news.at(1).text.find("did not open") != std::string::npos);
}

TEST_CASE("store: closed early, with minutes", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int m) {
        return m >= 530 && m < 1'110;
    };
    shop.light = [](int m) {
        return m >= 530 && m < 1'110 ? 500.0 : 0.0;
    };
    shop.people = [](int m) {
        return m >= 540 && m < 1'100 ? 1.0 : 0.0;
    };
    shop.run(24h);
    REQUIRE(shop.names() == "opened closed closed_early");
    CHECK(std::stoi(shop.attr(2, "minutes")) >= 85);
    CHECK(std::stoi(shop.attr(2, "minutes")) <= 90);
}

TEST_CASE("store: a light that is stuck opens no shop", "[store_state]") {
    Shop shop;
    shop.light = [](int /*minute*/) {
        return 600.0;
    };
    shop.run(5 * 24h);
    CHECK(shop.names() == "opened closed opened closed opened closed opened closed opened closed");
    CHECK(shop.attr(9, "light") == "stuck (600)");
}

TEST_CASE("store: cleaners at night", "[store_state]") {
    JudgeRules rules;
    const auto busy = [](int m) {
        return m >= 1'320 && m < 1'380;
    };  // 22:00 to 23:00
    Shop shop;
    shop.light = [=](int m) {
        return (m >= 510 && m < 1'210) || busy(m) ? 600.0 : 5.0;
    };
    SECTION("light and a few steps through the counter do not open it") {
        shop.people = [=](int m) {
            return (m >= 540 && m < 1'200) || m == 1'321 || m == 1'379 ? 1.0 : 0.0;
        };
        shop.run(24h);
        CHECK(shop.names() == "opened closed");
    }
    SECTION("with the shutter up it is open after hours") {
        shop.shutter_open = [=](int m) {
            return (m >= 530 && m < 1'205) || busy(m);
        };
        shop.run(24h);
        CHECK(
            shop.names() == "opened closed opened open_after_hours closed open_after_hours(clear)"
        );
    }
    SECTION("unless that is when they come") {
        shop.shutter_open = [=](int m) {
            return (m >= 530 && m < 1'205) || busy(m);
        };
        rules.cleaning = *plugins::parse_opening_hours("21:30-23:30");
        shop.judge = StoreJudge(rules, usual_hours());
        shop.run(24h);
        CHECK(shop.names() == "opened closed");
    }
}

TEST_CASE("store: somebody after hours is told once a day", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int m) {
        return (m >= 530 && m < 1'205) || (m >= 1'250 && m < 1'260) || (m >= 1'300 && m < 1'310);
    };
    shop.run(24h);
    CHECK(shop.names() == "opened closed open_after_hours open_after_hours(clear)");
    CHECK(shop.news.at(2).severity == Severity::warning);
}

TEST_CASE("store: who prepares before opening does not alarm", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int m) {
        return (m >= 440 && m < 450) || (m >= 530 && m < 1'205);
    };
    shop.run(24h);
    CHECK(shop.names() == "opened closed");
}

TEST_CASE("store: a power cut at noon closes no shop", "[store_state]") {
    Shop shop;
    SECTION("the box runs on: lights out, nobody comes, the shutter stays up") {
        shop.light = [](int m) {
            return m >= 510 && m < 1'210 && !(m >= 720 && m < 760) ? 600.0 : 0.0;
        };
        shop.people = [](int m) {
            return m >= 540 && m < 1'200 && !(m >= 720 && m < 760) ? 1.0 : 0.0;
        };
        shop.run(24h);
        CHECK(shop.names() == "opened closed");
    }
    SECTION("the box is off, too") {
        shop.run_to(12);
        const std::string kept = shop.judge.save(shop.now());
        StoreJudge next(JudgeRules{}, usual_hours());
        shop.wall += 40min;
        shop.steady = SteadyTime(30s);  // of another boot
        REQUIRE(next.restore(kept, shop.now()));
        shop.judge = std::move(next);
        CHECK(shop.judge.state() == StoreOpen::open);
        shop.run_to(23);
        CHECK(shop.names() == "opened closed");
    }
}

TEST_CASE("store: without evidence it is unknown, not guessed", "[store_state]") {
    Shop shop;
    shop.sensors_work = false;
    shop.run(24h);
    CHECK(shop.judge.state() == StoreOpen::unknown);
    CHECK(shop.names().empty());
    SECTION("also when the sensors fall silent") {
        shop.sensors_work = true;
        shop.run_to(12);
        CHECK(shop.judge.state() == StoreOpen::open);
        shop.sensors_work = false;
        shop.run(24h);
        CHECK(shop.judge.state() == StoreOpen::open);  // the contact reports once a day
        shop.run(2h);
        CHECK(shop.judge.state() == StoreOpen::unknown);
        shop.sensors_work = true;
        shop.news.clear();
        shop.run_to(23);
        CHECK(shop.names() == "closed");
    }
}

TEST_CASE("store: the schedule alone opens nothing", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int /*minute*/) {
        return false;
    };
    shop.light = [](int /*minute*/) {
        return 0.0;
    };
    shop.people = [](int /*minute*/) {
        return 0.0;
    };
    shop.run_to(12);
    CHECK(shop.judge.state() == StoreOpen::closed);
}

TEST_CASE("store: what was seen before a restart is not told again", "[store_state]") {
    Shop shop;
    shop.shutter_open = [](int /*minute*/) {
        return false;
    };
    shop.light = [](int /*minute*/) {
        return 0.0;
    };
    shop.people = [](int /*minute*/) {
        return 0.0;
    };
    shop.run_to(9, 20);
    CHECK(shop.names() == "opened_late");
    StoreJudge next(JudgeRules{}, usual_hours());
    REQUIRE(next.restore(shop.judge.save(shop.now()), shop.now()));
    shop.judge = std::move(next);
    shop.run_to(12);
    CHECK(shop.names() == "opened_late");
    for (const char* wrong :
         {"", "1", "1 9 0 0 0 0 0 0 0", "2 0 0 0 0 0 0 0 0", "a b", "1 0 0 0 0 0 0 0 0 0"}) {
        CAPTURE(wrong);
        CHECK_FALSE(StoreJudge(JudgeRules{}, usual_hours()).restore(wrong, shop.now()));
    }
}

TEST_CASE("store: what is kept changes with the state, not with the clock", "[store_state]") {
    Shop shop;
    int changes = 0;
    std::string kept;
    for (int i = 0; i < 24 * 60; ++i) {
        shop.run(1min);
        shop.wall += i % 2 == 0 ? 3ms : -1ms;
        std::string saved = shop.judge.save(shop.now());
        changes += saved != kept ? 1 : 0;
        kept = std::move(saved);
    }
    CHECK(changes <= 6);
}

TEST_CASE("store: a wall clock that is set", "[store_state]") {
    Shop shop;
    SECTION("a box without time has no schedule, and no alarms by it") {
        const WallTime right = shop.wall + 12h;
        shop.wall = from_unix_ms(600'000);
        shop.shutter_open = [](int /*minute*/) {
            return true;
        };
        shop.light = [](int /*minute*/) {
            return 600.0;
        };
        shop.run(3h);
        CHECK(shop.judge.state() == StoreOpen::open);
        shop.wall = right;
        shop.run(1h);
        CHECK(shop.judge.state() == StoreOpen::open);
        CHECK(shop.names().empty());
    }
    SECTION("a shop that opened in time by a slow clock was not late") {
        const auto shown = [&](int minutes) {
            return minutes;
        };
        shop.run_to(3);
        shop.wall -= 90min;
        // By the right clock 08:50, by this one 07:20.
        shop.shutter_open = [=](int m) {
            return m >= shown(440);
        };
        shop.light = [=](int m) {
            return m >= shown(440) ? 600.0 : 5.0;
        };
        shop.people = [=](int m) {
            return m >= shown(450) ? 1.0 : 0.0;
        };
        shop.run_to(7, 50);
        CHECK(shop.judge.state() == StoreOpen::open);
        shop.wall += 90min;
        shop.run(2h);
        CHECK(shop.names() == "opened");
    }
}

TEST_CASE("store: counters count what they rise by", "[store_state]") {
    plugins::EvidenceRule rule;
    rule.name = "footfall";
    rule.counts = true;
    rule.on = 5;
    plugins::Evidence evidence(rule);
    const SteadyTime at(10h);
    SeriesInfo info{{"store.footfall.in", {{"door", "a"}}}, Kind::counter, {}, {}, 0};
    evidence.take(info, 1'000, at);
    CHECK(evidence.value(at) == 0.0);
    evidence.take(info, 1'003, at + 1min);
    evidence.take(info, 2, at + 2min);  // it began anew
    CHECK(evidence.value(at + 2min) == 5.0);
    CHECK(evidence.says(at + 2min) == plugins::Evidence::Says::open);
    CHECK(evidence.value(at + 17min) == 0.0);
    CHECK(evidence.says(at + 17min) == plugins::Evidence::Says::closed);
    CHECK_FALSE(evidence.value(at + 3h));
}

TEST_CASE("store: a level between its two thresholds changes nothing", "[store_state]") {
    plugins::EvidenceRule rule;
    rule.on = 100;
    rule.off = 30;
    plugins::Evidence evidence(rule);
    const SeriesInfo info{{"store.env.illuminance", {}}, Kind::gauge, {}, {}, 0};
    SteadyTime at(10h);
    const auto after = [&](double level) {
        at += 1min;
        evidence.take(info, level, at);
        return evidence.says(at) == plugins::Evidence::Says::open;
    };
    CHECK_FALSE(after(99));
    CHECK(after(100));
    CHECK(after(31));
    CHECK_FALSE(after(29));
    CHECK_FALSE(after(99));
}

}  // namespace cxedge::test
