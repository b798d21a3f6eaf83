// SPDX-License-Identifier: Apache-2.0
#include "agent/app/data_path.hpp"

#include "tests/unit/app/data_path_bench.hpp"

namespace cxedge::app {
namespace {

using std::chrono::milliseconds;

TEST_CASE("data_path: a small batch waits for company, a large one does not", "[app]") {
    Bench bench;
    bench.give("raw.a", 1);
    bench.pass(milliseconds(300));
    CHECK(bench.stored().empty());
    bench.pass(milliseconds(600));
    CHECK(bench.stored() == std::vector<double>{1});
    for (int i = 2; i < 8; ++i) {
        bench.give("raw.a", i);
    }
    bench.pass(milliseconds(250));
    CHECK(bench.stored().size() == 7);
    for (int i = 8; i < 18; ++i) {
        bench.give("raw.a", i);
    }
    CHECK(bench.stored().size() == 17);
}

TEST_CASE("data_path: offline a batch waits for the commit interval", "[app]") {
    Bench bench;
    bench.path->set_online(0, false);
    bench.pass(milliseconds(1));
    bench.give("raw.a", 1);
    bench.pass(milliseconds(2000));
    CHECK(bench.stored().empty());
    bench.pass(milliseconds(4000));
    CHECK(bench.stored().size() == 1);
}

TEST_CASE("data_path: accepted and not yet sealed survives the process, once", "[app]") {
    Bench bench;
    double next = 0;
    for (int round = 0; round < 30; ++round) {
        for (int i = 0; i <= round % 13; ++i) {
            bench.give("raw.a", next++);
        }
        bench.restart();
    }
    bench.pass(milliseconds(1000));
    const auto stored = bench.stored();
    REQUIRE(stored.size() == static_cast<std::size_t>(next));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        CHECK(stored[i] == static_cast<double>(i));
    }
}

TEST_CASE("data_path: an open window survives the process", "[app]") {
    Bench bench;
    bench.give("win.a", 10);
    bench.restart();
    bench.give("win.a", 20);
    bench.restart();
    bench.pass(std::chrono::minutes(1));
    bench.pass(milliseconds(1000));
    CHECK(bench.stored() == std::vector<double>{15});
}

void people_through(Bench& bench, const std::string& direction, double people) {
    const SeriesInfo door{
        {"store.footfall." + direction, {{"door", "main"}}}, Kind::delta, "1", {}, 0};
    const auto id = bench.path->declare(door);
    REQUIRE(id.ok());
    REQUIRE(bench.path->accept(*id, people, at_boot(bench.clock.boot_now())).ok());
}

TEST_CASE("data_path: who is in the store survives the process", "[app]") {
    Bench bench;
    bench.give("raw.before", 7);
    people_through(bench, "in", 5);
    people_through(bench, "out", 1);
    bench.restart();
    bench.give("raw.after", 8);
    people_through(bench, "in", 2);
    REQUIRE(bench.path->flush(true).ok());
    auto values = bench.stored();
    std::sort(values.begin(), values.end());
    // Doors 5, 1 and 2; levels 5, 4 and 6; 7 and 8 kept their names.
    CHECK(values == std::vector<double>{1, 2, 4, 5, 5, 6, 7, 8});
}

TEST_CASE("data_path: who is in the store survives a reboot", "[app]") {
    Bench bench;
    people_through(bench, "in", 5);
    SECTION("that was announced") {
        REQUIRE(bench.path->flush(true).ok());
    }
    SECTION("that was a power cut, as far as it was kept") {
        bench.pass(std::chrono::minutes(5));
        people_through(bench, "in", 1);
        REQUIRE(bench.path->flush(false).ok());
    }
    bench.cut_power();
    people_through(bench, "out", 2);
    REQUIRE(bench.path->flush(true).ok());
    CHECK(bench.stored_by_series().at("store.occupancy").back() == 3);
}

TEST_CASE("data_path: what is told again counts once, in the next process too", "[app]") {
    Bench bench;
    SeriesInfo info = gauge("raw.people");
    info.kind = Kind::delta;
    Occasion interval;
    interval.time = bench.clock.wall_now();
    interval.from = *interval.time - std::chrono::minutes(1);
    Occasion named;
    named.key = 4711;
    const auto tell_both = [&] {
        const auto id = bench.path->declare(info);
        REQUIRE(id.ok());
        REQUIRE(bench.path->accept_once(*id, 3, interval, at_boot(bench.clock.boot_now())).ok());
        REQUIRE(bench.path->accept_once(*id, 5, named, at_boot(bench.clock.boot_now())).ok());
    };
    tell_both();
    bench.restart();
    tell_both();
    bench.pass(milliseconds(6000));
    bench.cut_power();
    tell_both();  // of names a reboot knows nothing, of intervals it does
    bench.pass(milliseconds(6000));
    std::vector<double> values;
    for (const Sample& sample : bench.samples()) {
        values.push_back(std::get<double>(sample.value));
    }
    CHECK(values == std::vector<double>{3, 5, 5});
}

TEST_CASE("data_path: a kill in the first run after a reboot loses no interval", "[app]") {
    Bench bench;
    SeriesInfo info = gauge("raw.people");
    info.kind = Kind::delta;
    const auto tell = [&](int minutes_ago) {
        Occasion interval;
        interval.time = bench.clock.wall_now() - std::chrono::minutes(minutes_ago);
        interval.from = *interval.time - std::chrono::minutes(1);
        const auto id = bench.path->declare(info);
        REQUIRE(id.ok());
        const SampleTime taken = at_boot(bench.clock.boot_now());
        REQUIRE(bench.path->accept_once(*id, 1, interval, taken).ok());
    };
    tell(9);
    bench.pass(std::chrono::minutes(6));  // keeps until when intervals were told
    bench.cut_power();
    tell(8);
    bench.pass(std::chrono::minutes(6));
    tell(2);
    bench.restart();  // replays it, against what was kept before
    bench.pass(milliseconds(6000));
    CHECK(bench.samples().size() == 3 + 6 + 11);  // with the losses between them
}

TEST_CASE("data_path: who follows is told each reading once, until it stops", "[app]") {
    Bench bench;
    std::vector<double> heard;
    auto follower = bench.path->follow(
        "raw.*", [&](const SeriesInfo&, double value, const SampleTime&) { heard.push_back(value); }
    );
    bench.give("raw.a", 1);
    bench.give("win.b", 2);
    const auto id = bench.path->declare(gauge("raw.c"));
    REQUIRE(id.ok());
    REQUIRE(bench.path->accept_once(*id, 3, {{}, {}, 9}, at_boot(bench.clock.boot_now())).ok());
    REQUIRE(bench.path->accept_once(*id, 3, {{}, {}, 9}, at_boot(bench.clock.boot_now())).ok());
    follower.reset();
    bench.give("raw.a", 4);
    CHECK(heard == std::vector<double>{1, 3});
}

TEST_CASE("data_path: the inventory says when a device was heard of", "[app]") {
    Bench bench;
    bench.path->tell_device("door", {"b", "PC2S", "5.1", 80.0, true});
    bench.path->tell_device("door", {"a", "", "", {}, true});
    bench.pass(std::chrono::seconds(60));
    bench.path->tell_device("door", {"a", "", "", {}, true});
    bench.path->tell_device("door", {"b", "PC2S", "5.2", 80.0, false});
    const auto devices = bench.path->devices();
    REQUIRE(devices.size() == 2);
    CHECK(devices[0].device == "a");
    CHECK(devices[0].last_seen_age_s == 0);
    CHECK(devices[1].firmware == "5.2");
    CHECK_FALSE(devices[1].up);
    CHECK(devices[1].last_seen_age_s == 60);
}

TEST_CASE("data_path: what a source keeps survives a power cut", "[app]") {
    Bench bench;
    REQUIRE(bench.path->keep("door", "learnt").ok());
    CHECK_FALSE(bench.path->keep("door", std::string(kMostKept + 1, 'x')).ok());
    bench.cut_power();
    CHECK(bench.path->kept("door") == "learnt");
    CHECK(bench.path->kept("other").empty());
}

TEST_CASE("data_path: what a power commit answered for survives a power cut", "[app]") {
    Bench bench;
    const auto guarded = bench.path->declare(gauge("win.a"));
    REQUIRE(guarded.ok());
    bench.path->guard(*guarded);
    bench.give("win.a", 10);
    bench.give("win.b", 1);
    bench.give("raw.a", 3);
    REQUIRE(bench.commit_for_power());
    SECTION("after the answer") {
        bench.cut_power();
        CHECK(bench.stored() == std::vector<double>{10, 3});
        bench.pass(std::chrono::minutes(2));
        bench.pass(milliseconds(1000));
        CHECK(bench.stored() == std::vector<double>{10, 3});  // win.b had asked for no more
    }
    SECTION("and is not counted twice when only the process ends") {
        bench.give("win.a", 20);
        bench.restart();
        bench.pass(std::chrono::minutes(2));
        bench.pass(milliseconds(1000));
        CHECK(bench.stored() == std::vector<double>{10, 3, 20, 1});
    }
}

TEST_CASE("data_path: a full journal begins anew and loses nothing", "[app]") {
    Bench bench;
    constexpr int kMany = 40'000;
    for (int i = 0; i < kMany; ++i) {
        bench.give("raw.a", i + 0.5);
        if (i % 9973 == 0) {
            bench.restart();
        }
    }
    bench.restart();
    bench.pass(milliseconds(1000));
    const auto stored = bench.stored();
    REQUIRE(stored.size() == kMany);
    CHECK(stored.back() == kMany - 0.5);
}

TEST_CASE("data_path: a declaration larger than the journal's reserve shifts no series", "[app]") {
    Bench bench;
    constexpr std::size_t kFill = 10'000;  // the journal, but for less than the monster
    for (std::size_t i = 0; i < kFill; ++i) {
        bench.give("raw.a", 1);
    }
    SeriesInfo monster = gauge("raw.monster");
    monster.kind = Kind::state;
    monster.states = {"off", std::string(60'000, 'x')};
    const auto id = bench.path->declare(monster);
    REQUIRE(id.ok());
    bench.give("raw.b", 2);
    bench.give("raw.a", 3);
    bench.give("raw.b", 4);
    REQUIRE(bench.path->accept(*id, 1, at_boot(bench.clock.boot_now())).ok());
    bench.restart();
    bench.give("raw.b", 5);
    bench.give("raw.a", 6);
    bench.pass(milliseconds(1000));
    const auto by_series = bench.stored_by_series();
    REQUIRE(by_series.at("raw.a").size() == kFill + 2);
    CHECK(by_series.at("raw.a")[kFill] == 3);
    CHECK(by_series.at("raw.a").back() == 6);
    CHECK(by_series.at("raw.b") == std::vector<double>{2, 4, 5});
    CHECK(by_series.at("raw.monster") == std::vector<double>{1});
}

TEST_CASE("data_path: a definition that could not be read again is refused", "[app]") {
    Bench bench;
    SeriesInfo monster = gauge("raw.monster");
    monster.kind = Kind::state;
    monster.states = {"off", std::string(200'000, 'x')};
    const auto refused = bench.path->declare(monster);
    REQUIRE_FALSE(refused.ok());
    CHECK(mentions(refused.error().message, "raw.monster"));
    bench.restart();  // with it in the spool nothing would start any more
    bench.give("raw.a", 1);
}

TEST_CASE("data_path: a journal begun anew does not hide what comes", "[app]") {
    Bench bench;
    for (int i = 0; i < 25; ++i) {
        bench.give("raw.a", i);
    }
    bench.die();
    bench.damage_journal();
    bench.start();
    bench.give("raw.a", 100);
    bench.restart();
    bench.pass(milliseconds(1000));
    const auto stored = bench.stored();
    CHECK(std::find(stored.begin(), stored.end(), 100) != stored.end());
}

TEST_CASE("data_path: a clock step is told and ends the batch", "[app]") {
    Bench bench;
    bench.give("raw.a", 1);
    bench.clock.step_wall(std::chrono::hours(1));
    bench.pass(milliseconds(10));
    CHECK(bench.stored().size() == 1);
    const auto control = bench.spool().read(Lane::control, 0, 10);
    REQUIRE(control.ok());
    REQUIRE(control->size() == 1);
    wire::ReceivedBatch received;
    received.body.codec = control->front().batch.codec;
    received.body.bytes = control->front().batch.body;
    const auto body = wire::decode_body(received);
    REQUIRE(body.ok());
    REQUIRE(body->clock_steps.size() == 1);
    CHECK(body->clock_steps[0].after_ms - body->clock_steps[0].before_ms == 3'600'000);
}

TEST_CASE("data_path: memory only is an alarm until there are files again", "[app]") {
    Bench bench;
    bench.die();
    bench.runtime = "later/";
    bench.start();
    CHECK(mentions(bench.path->memory_problem(), "memory only"));
    CHECK(bench.path->journal_in_memory());
    // Then "survives the process" is only true of what is on disk.
    bool safe = false;
    bench.give("raw.a", 0);
    bench.path->commit(ingest::Durability::process, [&](const Status& status) {
        safe = status.ok();
    });
    CHECK_FALSE(safe);
    bench.poll();
    CHECK(safe);
    bench.restart();
    CHECK(bench.stored() == std::vector<double>{0});
    bench.give("raw.a", 1);
    bench.pass(milliseconds(1000));
    auto events = bench.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].name == "storage.degraded");
    CHECK(events[0].state == EventState::raise);
    CHECK(mentions(events[0].text, "journal"));
    bench.make_runtime();
    bench.pass(std::chrono::seconds(11));
    bench.pass(std::chrono::seconds(11));
    CHECK(bench.path->memory_problem().empty());
    events = bench.events();
    REQUIRE(events.size() == 2);
    CHECK(events[1].state == EventState::clear);
    CHECK(events[1].id == events[0].id);
    bench.give("raw.a", 2);
    bench.restart();
    bench.give("raw.a", 3);
    bench.pass(milliseconds(1000));
    CHECK(bench.stored() == std::vector<double>{0, 1, 2, 3});
}

TEST_CASE("data_path: what nobody can repeat is declared as a gap", "[app]") {
    Bench bench;
    bench.give("raw.a", 1);
    bench.path->turned_away(SeriesId{0});
    bench.path->turned_away(SeriesId{0});
    bench.pass(milliseconds(1000));
    // Without SpoolOptions::declare the count stays; it is in the counters.
    CHECK(bench.path->counters().readings_turned_away == 2);
}

}  // namespace
}  // namespace cxedge::app
