// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline.hpp"

#include <cmath>
#include <limits>

#include "tests/support/catch.hpp"
#include "tests/unit/pipeline/recording_output.hpp"

namespace cxedge::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Numbers = std::vector<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

PipelineOptions with_rule(const Rule& rule) {
    PipelineOptions options;
    options.rules = {rule};
    return options;
}

Rule keep_all(Keep keep) {
    Rule rule;
    rule.match = "*";
    rule.has_keep = true;
    rule.keep = keep;
    return rule;
}

TEST_CASE("pipeline: windows end on the minute, UTC", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    REQUIRE(bench.give(id, 10));
    bench.pass(seconds(30));
    REQUIRE(bench.give(id, 20));
    CHECK(bench.output.samples.empty());

    bench.pass(seconds(21));  // 1 s into the next minute

    REQUIRE(bench.output.samples.size() == 1);
    const Sample& sample = bench.output.samples[0];
    CHECK(std::get<double>(sample.value) == 15);
    CHECK(sample.time.base == SampleTime::Base::boot);
    CHECK(bench.wall_ms(sample.time) == (Bench::kMinute + 1) * 60'000);
    CHECK(bench.output.streams[0] == Stream::kpi);
    CHECK(bench.output.series[0].unit == "Cel");
}

TEST_CASE("pipeline: a reading of the next window closes the last one", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.give(id, 1));
    bench.now.wall += minutes(1);
    bench.now.boot += minutes(1);
    REQUIRE(bench.give(id, 2));

    CHECK(bench.output.numbers("d") == Numbers{1});
    bench.pass_minute();
    CHECK(bench.output.numbers("d") == Numbers{1, 2});
}

TEST_CASE("pipeline: windows of chosen metrics are sent early, their parts add up", "[pipeline]") {
    Bench bench;
    const SeriesId sales = bench.declare("d", Kind::delta);
    bench.declare("g", Kind::gauge);
    CHECK(bench.pipeline.series_like("d") == std::vector{sales});
    CHECK(bench.pipeline.series_like("*").size() == 2);
    CHECK(bench.pipeline.series_like("x*").empty());
    REQUIRE(bench.give(sales, 1));
    bench.pipeline.close(bench.pipeline.series_like("d"), bench.now);
    REQUIRE(bench.give(sales, 2));
    bench.pass(minutes(1));
    REQUIRE(bench.output.samples.size() == 2);
    CHECK(std::get<double>(bench.output.samples[0].value) == 1);
    CHECK(std::get<double>(bench.output.samples[1].value) == 2);
}

TEST_CASE("pipeline: a window without readings says nothing", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    REQUIRE(bench.give(id, 1));
    for (int i = 0; i < 4; ++i) {
        bench.pass_minute();
    }
    CHECK(bench.output.samples.size() == 1);
}

TEST_CASE("pipeline: each statistic of a gauge is a series", "[pipeline]") {
    Rule rule;
    rule.match = "g";
    rule.stats = {GaugeStat::mean, GaugeStat::min, GaugeStat::max, GaugeStat::last};
    Bench bench(with_rule(rule));
    const SeriesId id = bench.declare("g", Kind::gauge);
    for (const double value : {4.0, 1.0, 7.0, 4.0}) {
        REQUIRE(bench.give(id, value));
    }
    bench.pass_minute();

    CHECK(bench.output.numbers("g") == Numbers{4});
    CHECK(bench.output.numbers("g{stat=min}") == Numbers{1});
    CHECK(bench.output.numbers("g{stat=max}") == Numbers{7});
    CHECK(bench.output.numbers("g{stat=last}") == Numbers{4});
}

TEST_CASE("pipeline: a counter leaves as its increments", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("c", Kind::counter, 16);
    REQUIRE(bench.give(id, 65'000));  // the first reading is a mark
    REQUIRE(bench.give(id, 65'500));
    REQUIRE(bench.give(id, 64));  // wrapped: 100 more
    bench.pass_minute();
    REQUIRE(bench.give(id, 70));
    REQUIRE(bench.give(id, 5));  // began again
    bench.pass_minute();

    CHECK(bench.output.numbers("c") == Numbers{600, 11});
    CHECK(bench.output.series[0].kind == Kind::delta);
    CHECK(bench.output.series[0].counter_bits == 0);
    CHECK(bench.pipeline.counters().wraps == 1);
    CHECK(bench.pipeline.counters().resets == 1);
}

TEST_CASE("pipeline: a counter seen once has no increment to tell", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("c", Kind::counter);
    REQUIRE(bench.give(id, 65'000));
    bench.pass_minute();
    CHECK(bench.output.samples.empty());

    REQUIRE(bench.give(id, 65'000));
    bench.pass_minute();
    CHECK(bench.output.numbers("c") == Numbers{0});
}

TEST_CASE("pipeline: observations become one histogram a window", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("h", Kind::histogram);
    Histogram expected;
    for (const double wait : {1.5, 0.0, 90.0}) {
        REQUIRE(bench.give(id, wait));
        expected.record(wait);
    }
    bench.pass_minute();

    REQUIRE(bench.output.samples.size() == 1);
    CHECK(std::get<Histogram>(bench.output.samples[0].value) == expected);
}

TEST_CASE(
    "pipeline: a change of state is told at once and again at the window's end", "[pipeline]"
) {
    Bench bench;
    const SeriesId id = bench.declare("s", Kind::state);
    REQUIRE(bench.give(id, 0));
    REQUIRE(bench.give(id, 0));
    CHECK(bench.output.numbers("s") == Numbers{0});
    REQUIRE(bench.give(id, 1));
    CHECK(bench.output.numbers("s") == Numbers{0, 1});
    bench.pass_minute();
    CHECK(bench.output.numbers("s") == Numbers{0, 1, 1});
    CHECK(bench.output.series[0].states.size() == 3);
}

TEST_CASE("pipeline: a state outside the list is refused", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("s", Kind::state);
    for (const double odd : {-1.0, 3.0, 0.5, kNan}) {
        CHECK_FALSE(bench.give(id, odd));
    }
    CHECK(bench.pipeline.counters().refused == 4);
    CHECK(bench.output.samples.empty());
}

TEST_CASE("pipeline: raw readings keep their own times, the device's too", "[pipeline]") {
    Bench bench(with_rule(keep_all(Keep::raw)));
    const SeriesId level = bench.declare("g", Kind::gauge);
    const SeriesId count = bench.declare("c", Kind::counter, 32);
    const SeriesId wait = bench.declare("h", Kind::histogram);
    REQUIRE(bench.give(level, 1));
    REQUIRE(bench.give_dated(level, 2, 1'234'567));
    REQUIRE(bench.give(count, 65'000));
    REQUIRE(bench.give(wait, 3));

    REQUIRE(bench.output.samples.size() == 4);
    CHECK(bench.output.samples[0].time == at_boot(bench.now.boot));
    CHECK(bench.output.samples[1].time == at_wall(from_unix_ms(1'234'567)));
    CHECK(bench.output.numbers("c") == Numbers{65'000});
    CHECK(bench.output.series[1].kind == Kind::counter);
    CHECK(bench.output.series[1].counter_bits == 32);
    CHECK(std::get<Histogram>(bench.output.samples[3].value).count() == 1);
}

TEST_CASE("pipeline: dropped metrics go nowhere and never get stale", "[pipeline]") {
    Bench bench(with_rule(keep_all(Keep::drop)));
    const SeriesId id = bench.declare("g", Kind::gauge);
    CHECK(bench.give(id, 1));
    bench.pass(minutes(60));

    CHECK(bench.output.samples.empty());
    CHECK(bench.output.events.empty());
    CHECK(bench.output.series.empty());
}

TEST_CASE("pipeline: a device's time inside the open window joins it", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.give(id, 1));
    REQUIRE(bench.give_dated(id, 2, Bench::kMinute * 60'000 + 1));
    bench.pass_minute();

    CHECK(bench.output.numbers("d") == Numbers{3});
    CHECK(bench.pipeline.counters().late == 0);
}

TEST_CASE("pipeline: a late device time travels alone under that time", "[pipeline]") {
    Bench bench;
    const std::int64_t hour_ago = unix_ms(bench.now.wall) - 3'600'000;
    const SeriesId increments = bench.declare("d", Kind::delta);
    const SeriesId waits = bench.declare("h", Kind::histogram);
    REQUIRE(bench.give(increments, 1));
    REQUIRE(bench.give_dated(increments, 5, hour_ago));
    REQUIRE(bench.give_dated(waits, 7, hour_ago));

    REQUIRE(bench.output.samples.size() == 2);
    CHECK(bench.output.samples[0].time == at_wall(from_unix_ms(hour_ago)));
    CHECK(std::get<double>(bench.output.samples[0].value) == 5);
    CHECK(std::get<Histogram>(bench.output.samples[1].value).sum() == 7);
    CHECK(bench.pipeline.counters().late == 2);

    bench.pass_minute();
    CHECK(bench.output.numbers("d") == Numbers{5, 1});
}

TEST_CASE("pipeline: a cumulative reading that was overtaken counts nothing twice", "[pipeline]") {
    Bench bench;
    const std::int64_t base = unix_ms(bench.now.wall) - 7'200'000;
    const SeriesId id = bench.declare("c", Kind::counter);
    REQUIRE(bench.give_dated(id, 100, base));
    REQUIRE(bench.give_dated(id, 150, base + 120'000));
    REQUIRE(bench.give_dated(id, 120, base + 60'000));
    REQUIRE(bench.give_dated(id, 160, base + 180'000));

    CHECK(bench.output.numbers("c") == Numbers{50, 10});
    CHECK(bench.pipeline.counters().resets == 0);
}

TEST_CASE("pipeline: absurd device times are refused, not computed with", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    CHECK_FALSE(bench.give_dated(id, 1, std::numeric_limits<std::int64_t>::max()));
    CHECK_FALSE(bench.give_dated(id, 1, std::numeric_limits<std::int64_t>::min()));
    CHECK_FALSE(bench.give_dated(id, 1, -1));
    CHECK(bench.give_dated(id, 1, 0));
    CHECK_FALSE(bench.pipeline.accept_lost(id, at_wall(from_unix_ms(-5)), bench.now));
    CHECK(bench.pipeline.counters().refused == 4);
}

TEST_CASE("pipeline: a lost sample is a value of its own", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    REQUIRE(bench.pipeline.accept_lost(id, at_boot(bench.now.boot), bench.now));
    bench.pass_minute();
    REQUIRE(bench.output.samples.size() == 1);
    CHECK(std::holds_alternative<Lost>(bench.output.samples[0].value));

    REQUIRE(bench.give(id, 4));
    REQUIRE(bench.pipeline.accept_lost(id, at_boot(bench.now.boot), bench.now));
    bench.pass_minute();
    REQUIRE(bench.output.samples.size() == 2);
    CHECK(std::get<double>(bench.output.samples[1].value) == 4);
}

TEST_CASE("pipeline: a raw or late loss keeps its slot", "[pipeline]") {
    Bench raw(with_rule(keep_all(Keep::raw)));
    const SeriesId id = raw.declare("g", Kind::gauge);
    REQUIRE(raw.pipeline.accept_lost(id, at_boot(BootTime(123)), raw.now));
    REQUIRE(raw.output.samples.size() == 1);
    CHECK(raw.output.samples[0].time == at_boot(BootTime(123)));

    Bench windowed;
    const SeriesId other = windowed.declare("g", Kind::gauge);
    REQUIRE(windowed.pipeline.accept_lost(other, at_wall(from_unix_ms(1000)), windowed.now));
    REQUIRE(windowed.output.samples.size() == 1);
    CHECK(windowed.output.samples[0].time == at_wall(from_unix_ms(1000)));
}

TEST_CASE("pipeline: nan and infinities are losses of a gauge, mistakes elsewhere", "[pipeline]") {
    for (const double odd : {kNan, HUGE_VAL, -HUGE_VAL}) {
        Bench bench;
        CHECK(bench.give(bench.declare("g", Kind::gauge), odd));
        CHECK_FALSE(bench.give(bench.declare("c", Kind::counter), odd));
        CHECK_FALSE(bench.give(bench.declare("d", Kind::delta), odd));
        CHECK_FALSE(bench.give(bench.declare("h", Kind::histogram), odd));
        CHECK_FALSE(bench.give(bench.declare("s", Kind::state), odd));
        bench.pass_minute();

        REQUIRE(bench.output.samples.size() == 1);
        CHECK(std::holds_alternative<Lost>(bench.output.samples[0].value));
        CHECK(bench.pipeline.counters().refused == 4);
    }
}

TEST_CASE("pipeline: a counter cannot be negative, an increment can", "[pipeline]") {
    Bench bench;
    CHECK_FALSE(bench.give(bench.declare("c", Kind::counter), -1));
    CHECK(bench.give(bench.declare("d", Kind::delta), -1));
}

TEST_CASE("pipeline: silence is told once and its end under the same id", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    bench.pass(minutes(30));
    CHECK(bench.output.events.empty());  // never read: nothing to miss yet

    REQUIRE(bench.give(id, 1));
    bench.pass(minutes(5));
    CHECK(bench.output.events.empty());
    bench.pass(milliseconds(1));
    bench.pass(minutes(30));
    REQUIRE(bench.output.events.size() == 1);
    const Event raised = bench.output.events[0];
    CHECK(raised.name == "series.stale");
    CHECK(raised.state == EventState::raise);
    CHECK(raised.severity == Severity::warning);
    CHECK(raised.subject == "g");
    CHECK(raised.text == "no reading for 300 s");
    CHECK(raised.id != EventId{});

    REQUIRE(bench.give(id, 1));
    REQUIRE(bench.give(id, 1));
    REQUIRE(bench.output.events.size() == 2);
    CHECK(bench.output.events[1].state == EventState::clear);
    CHECK(bench.output.events[1].id == raised.id);

    bench.pass(minutes(6));
    REQUIRE(bench.output.events.size() == 3);
    CHECK(bench.output.events[2].id != raised.id);
}

TEST_CASE("pipeline: losses are news, so total loss is not silence", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("g", Kind::gauge);
    for (int i = 0; i < 20; ++i) {
        REQUIRE(bench.pipeline.accept_lost(id, at_boot(bench.now.boot), bench.now));
        bench.pass_minute();
    }
    CHECK(bench.output.events.empty());
    CHECK(bench.output.samples.size() == 20);
}

TEST_CASE("pipeline: staleness does not follow the wall clock", "[pipeline]") {
    Bench bench;
    REQUIRE(bench.give(bench.declare("g", Kind::gauge), 1));
    bench.step_wall(std::chrono::hours(24));
    bench.pass(seconds(1));
    CHECK(bench.output.events.empty());
}

TEST_CASE("pipeline: labels become dimensions of what leaves", "[pipeline]") {
    Rule rule;
    rule.match = "g";
    rule.labels = {{"step", "wait"}, {"journey", "checkout"}};
    Bench bench(with_rule(rule));
    const auto id = bench.pipeline.declare({{"g", {{"queue", "1"}}}, Kind::gauge, "Cel", {}, 0});
    REQUIRE(id);
    REQUIRE(bench.give(*id, 1));
    bench.pass_minute();

    CHECK(bench.output.numbers("g{journey=checkout,queue=1,step=wait}") == Numbers{1});
    // The same incoming series again: the same id, nothing new to define.
    CHECK(
        bench.pipeline.declare({{"g", {{"queue", "1"}}}, Kind::gauge, "Cel", {}, 0}).value() == *id
    );
    CHECK(bench.output.series.size() == 1);
}

TEST_CASE("pipeline: a label that the series has already is refused", "[pipeline]") {
    Rule rule;
    rule.match = "g";
    rule.labels = {{"queue", "2"}};
    Bench bench(with_rule(rule));

    const auto id = bench.pipeline.declare({{"g", {{"queue", "1"}}}, Kind::gauge, "", {}, 0});

    REQUIRE_FALSE(id);
    CHECK(id.error().message.find("given twice") != std::string::npos);
}

TEST_CASE("pipeline: series are limited in number", "[pipeline]") {
    PipelineOptions options;
    options.max_series = 2;
    Bench bench(options);
    const auto declare = [&](const std::string& queue) {
        return bench.pipeline.declare({{"g", {{"queue", queue}}}, Kind::gauge, "", {}, 0});
    };
    REQUIRE(declare("1"));
    REQUIRE(declare("2"));

    const auto third = declare("3");
    REQUIRE_FALSE(third);
    CHECK(third.error().code == ErrorCode::exhausted);
    CHECK(declare("1"));
    CHECK(bench.pipeline.counters().series == 2);
    CHECK(bench.pipeline.counters().refused == 1);
}

TEST_CASE("pipeline: what contradicts the catalogue or itself is refused", "[pipeline]") {
    Bench bench;
    const auto code = [&](const SeriesInfo& info) {
        const auto id = bench.pipeline.declare(info);
        return id ? "accepted" : to_string(id.error().code);
    };
    CHECK(code({{"unheard.of", {}}, Kind::gauge, "1", {}, 0}) == "invalid_argument");
    CHECK(code({{"g", {}}, Kind::gauge, "K", {}, 0}) == "invalid_argument");
    CHECK(code({{"g", {}}, Kind::counter, "", {}, 0}) == "invalid_argument");
    CHECK(code({{"bad name", {}}, Kind::gauge, "", {}, 0}) == "invalid_argument");
    CHECK(code({{"c", {}}, Kind::counter, "", {}, 0}) == "accepted");
    CHECK(code({{"c", {}}, Kind::delta, "", {}, 0}) == "invalid_argument");
    CHECK_FALSE(bench.pipeline.accept(SeriesId{77}, 1, at_boot(bench.now.boot), bench.now));
    CHECK_FALSE(bench.pipeline.accept_lost(SeriesId{77}, at_boot(bench.now.boot), bench.now));
}

TEST_CASE("pipeline: flush sends what is gathered with the time it has got to", "[pipeline]") {
    Bench bench;
    REQUIRE(bench.give(bench.declare("d", Kind::delta), 4));
    bench.pass(seconds(5));
    bench.pipeline.flush(bench.now);
    bench.pipeline.flush(bench.now);

    REQUIRE(bench.output.samples.size() == 1);
    CHECK(bench.output.samples[0].time == at_boot(bench.now.boot));
    CHECK(bench.output.numbers("d") == Numbers{4});
}

TEST_CASE(
    "pipeline: a clock set right after boot does not send the first minute to 1970", "[pipeline]"
) {
    Bench bench;
    bench.now.wall = from_unix_ms(20'000);
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.give(id, 4));
    const BootTime taken = bench.now.boot;
    bench.pass(seconds(2));
    bench.now.wall = from_unix_ms(1'700'000'000'000);
    bench.pass(seconds(1));

    REQUIRE(bench.output.samples.size() == 1);
    CHECK(bench.output.samples[0].time == at_boot(taken));
    REQUIRE(bench.give(id, 1));
    bench.pass_minute();
    CHECK(bench.output.numbers("d") == Numbers{4, 1});
}

TEST_CASE("pipeline: a clock set back ends the window now and begins another", "[pipeline]") {
    Bench bench;
    const SeriesId id = bench.declare("d", Kind::delta);
    REQUIRE(bench.give(id, 4));
    bench.step_wall(-minutes(90));
    bench.pass(seconds(1));
    REQUIRE(bench.output.samples.size() == 1);
    CHECK(bench.output.samples[0].time == at_boot(bench.now.boot));

    REQUIRE(bench.give(id, 1));
    bench.pass_minute();
    CHECK(bench.output.numbers("d") == Numbers{4, 1});
}

TEST_CASE("pipeline: events get an id and a time if they have none", "[pipeline]") {
    Bench bench;
    Event plain;
    plain.name = "fb.rating";
    Event full = plain;
    full.id = EventId{7};
    full.time = at_wall(from_unix_ms(5));
    bench.pipeline.accept_event(plain, bench.now);
    bench.pipeline.accept_event(full, bench.now);

    REQUIRE(bench.output.events.size() == 2);
    CHECK(bench.output.events[0].id != EventId{});
    CHECK(bench.output.events[0].time == at_boot(bench.now.boot));
    CHECK(bench.output.events[1].id == EventId{7});
    CHECK(bench.output.events[1].time == at_wall(from_unix_ms(5)));
}

}  // namespace
}  // namespace cxedge::pipeline
