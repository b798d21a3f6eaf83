// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <ctime>

#include "tests/support/catch.hpp"
#include "tests/support/time_zone.hpp"
#include "tests/unit/pipeline/recording_output.hpp"

namespace cxedge::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const std::string kLevel = "store.occupancy{zone=shop}";
const std::string kResidual = "store.occupancy.residual{zone=shop}";

// The box lives in UTC for these tests: midnight is midnight.
struct Utc {
    test::TimeZone zone{"UTC0"};
};

Rule raw(const std::string& match) {
    Rule rule;
    rule.match = match;
    rule.unit = "{person}";
    rule.has_keep = true;
    rule.keep = Keep::raw;
    return rule;
}

PipelineOptions shop(std::vector<std::string> doors = {}) {
    PipelineOptions options;
    options.rules = {raw("store.*")};
    options.stale = hours(100);
    options.occupancies = {{"shop", std::move(doors), hours(4)}};
    return options;
}

struct Shop : Bench {
    explicit Shop(PipelineOptions options = shop()) : Bench(std::move(options)) {
        now.wall = from_unix_ms(1'774'688'400'000);  // 2026-03-28T09:00:00Z
    }
    SeriesId door(const std::string& direction, const std::string& name, Kind kind = Kind::delta) {
        SeriesInfo info{{"store.footfall." + direction, {{"door", name}}}, kind, "", {}, 0};
        const Result<SeriesId> id = pipeline.declare(info);
        REQUIRE(id.ok());
        return *id;
    }
    [[nodiscard]] std::vector<double> levels() const { return output.numbers(kLevel); }
    [[nodiscard]] std::vector<double> residuals() const { return output.numbers(kResidual); }

    Utc utc;
};

}  // namespace

TEST_CASE("pipeline: people in the store are in minus out of all doors", "[pipeline]") {
    Shop bench;
    const SeriesId in = bench.door("in", "main");
    const SeriesId out = bench.door("out", "main");
    const SeriesId side = bench.door("in", "side");
    for (const auto& [series, value] : {
             std::pair{in, 1.0},
             std::pair{in, 1.0},
             std::pair{side, 3.0},
             std::pair{out, 1.0},
             std::pair{in, 0.0},
         }) {
        REQUIRE(bench.give(series, value));
    }
    CHECK(bench.levels() == std::vector<double>{1, 2, 5, 4, 4});
    CHECK(bench.residuals().empty());
}

TEST_CASE("pipeline: only the doors of the store count", "[pipeline]") {
    Shop bench(shop({"main", "side*"}));
    REQUIRE(bench.give(bench.door("in", "main"), 1));
    REQUIRE(bench.give(bench.door("in", "side-2"), 1));
    REQUIRE(bench.give(bench.door("in", "office"), 1));
    CHECK(bench.levels() == std::vector<double>{1, 2});
}

TEST_CASE("pipeline: the store never holds fewer than nobody", "[pipeline]") {
    Shop bench;
    const SeriesId in = bench.door("in", "main");
    const SeriesId out = bench.door("out", "main");
    REQUIRE(bench.give(out, 1));
    REQUIRE(bench.give(out, 1));
    REQUIRE(bench.give(in, 1));
    CHECK(bench.levels() == std::vector<double>{0, 0, 1});
}

TEST_CASE(
    "trap: in and out never balance, each night begins at 0 and declares what was left over",
    "[pipeline]"
) {
    Shop bench;
    const SeriesId in = bench.door("in", "main");
    const SeriesId out = bench.door("out", "main");
    REQUIRE(bench.give(in, 10));
    REQUIRE(bench.give(out, 7));
    bench.pass(hours(18) + minutes(59));  // 03:59
    REQUIRE(bench.give(in, 0));
    CHECK(bench.residuals().empty());
    bench.pass(minutes(2));
    REQUIRE(bench.give(in, 0));
    CHECK(bench.residuals() == std::vector<double>{3});
    CHECK(bench.levels().back() == 0);
    // The next day more are seen leaving than coming.
    bench.pass(hours(8));
    REQUIRE(bench.give(in, 1));
    REQUIRE(bench.give(out, 5));
    bench.pass(hours(24));
    REQUIRE(bench.give(in, 2));
    CHECK(bench.residuals() == std::vector<double>{3, -4});
    CHECK(bench.levels().back() == 2);
    // Readings long after, as from a box that was off: one night is one night.
    bench.pass(hours(72));
    REQUIRE(bench.give(in, 1));
    CHECK(bench.residuals() == std::vector<double>{3, -4, 2});
}

TEST_CASE("pipeline: a clock that is set empties no store", "[pipeline]") {
    Shop bench;
    bench.now.wall = from_unix_ms(60'000);  // a box without a battery: 1970
    const SeriesId in = bench.door("in", "main");
    REQUIRE(bench.give(in, 2));
    bench.now.wall = from_unix_ms(1'774'688'400'000);
    REQUIRE(bench.give(in, 1));
    CHECK(bench.levels() == std::vector<double>{2, 3});
    CHECK(bench.residuals().empty());
    bench.pass(hours(24));
    REQUIRE(bench.give(in, 0));
    CHECK(bench.residuals() == std::vector<double>{3});
}

TEST_CASE("pipeline: cumulative door counters count by their steps", "[pipeline]") {
    Shop bench;
    const SeriesId in = bench.door("in", "main", Kind::counter);
    REQUIRE(bench.give(in, 1000));  // what it counted before is not inside
    bench.pass(minutes(1));
    REQUIRE(bench.give(in, 1002));
    bench.pass(minutes(1));
    REQUIRE(bench.give(in, 1));  // began again from 0
    CHECK(bench.levels() == std::vector<double>{0, 2, 3});
}

TEST_CASE("pipeline: a store restored in the middle of the day goes on", "[pipeline]") {
    std::string saved;
    Shop before;
    const SeriesId in = before.door("in", "main", Kind::counter);
    const SeriesId out = before.door("out", "main");
    REQUIRE(before.give(in, 100));
    REQUIRE(before.give(in, 105));
    REQUIRE(before.give(out, 1));
    before.pipeline.save(saved);

    Shop after;
    after.now = before.now;
    const auto ids = after.pipeline.restore(saved);
    REQUIRE(ids.ok());
    const std::optional<SeriesId> again = (*ids)[index_of(in)];
    REQUIRE(again);
    REQUIRE(after.give(*again, 107));
    CHECK(after.levels() == std::vector<double>{6});
    after.pass(hours(24));
    REQUIRE(after.give(*again, 107));
    CHECK(after.residuals() == std::vector<double>{6});
}

TEST_CASE("pipeline: a store goes on after a reboot on the same day", "[pipeline]") {
    Shop before;
    REQUIRE(before.give(before.door("in", "main"), 5));
    Shop after;
    after.now = {before.now.wall + minutes(10), BootTime(20'000)};
    REQUIRE(after.pipeline.adopt(before.pipeline.lasting()));
    REQUIRE(after.give(after.door("out", "main"), 1));
    CHECK(after.levels() == std::vector<double>{4});
    CHECK(after.residuals().empty());
    after.pass(hours(24));
    REQUIRE(after.give(after.door("out", "main"), 1));
    CHECK(after.levels().back() == 0);
    CHECK(after.residuals() == std::vector<double>{4});
}

TEST_CASE("pipeline: a box that was off over night declares the day before", "[pipeline]") {
    Shop before;
    REQUIRE(before.give(before.door("in", "main"), 5));
    Shop after;
    after.now = {before.now.wall + hours(24), BootTime(20'000)};
    REQUIRE(after.pipeline.adopt(before.pipeline.lasting()));
    REQUIRE(after.give(after.door("in", "main"), 1));
    CHECK(after.levels() == std::vector<double>{1});
    CHECK(after.residuals() == std::vector<double>{5});
}

TEST_CASE("pipeline: a clock that is not yet set after a reboot ends no day", "[pipeline]") {
    Shop before;
    REQUIRE(before.give(before.door("in", "main"), 5));
    Shop after;
    after.now = {from_unix_ms(20'000), BootTime(20'000)};
    REQUIRE(after.pipeline.adopt(before.pipeline.lasting()));
    const SeriesId in = after.door("in", "main");
    REQUIRE(after.give(in, 1));
    SECTION("it is still the same day") {
        after.now.wall = before.now.wall + minutes(10);
        REQUIRE(after.give(in, 1));
        CHECK(after.levels() == std::vector<double>{6, 7});
        CHECK(after.residuals().empty());
    }
    SECTION("it is the next day") {
        // Also if another process goes on before the clock is set.
        std::string saved;
        after.pipeline.save(saved);
        Shop later;
        REQUIRE(later.pipeline.restore(saved).ok());
        later.now = {before.now.wall + hours(24), BootTime(60'000)};
        REQUIRE(later.give(later.door("in", "main"), 1));
        CHECK(later.levels() == std::vector<double>{1});
        CHECK(later.residuals() == std::vector<double>{6});
    }
}

TEST_CASE("pipeline: nothing is kept over a reboot where there is no store", "[pipeline]") {
    PipelineOptions options = shop();
    options.occupancies.clear();
    const Shop bench(options);
    CHECK(bench.pipeline.lasting().empty());
    const std::string kept = Shop().pipeline.lasting();
    // Without its last byte it is that of a version that knew no intervals.
    for (std::size_t size = 0; size + 1 < kept.size(); ++size) {
        Shop cut;
        CHECK_FALSE(cut.pipeline.adopt(std::string_view(kept).substr(0, size)));
    }
}

TEST_CASE("pipeline: a store that is no longer configured is forgotten", "[pipeline]") {
    std::string saved;
    Shop before;
    REQUIRE(before.give(before.door("in", "main"), 1));
    before.pipeline.save(saved);
    PipelineOptions options = shop();
    options.occupancies.clear();
    Shop after(options);
    const auto ids = after.pipeline.restore(saved);
    REQUIRE(ids.ok());
    REQUIRE(after.give(after.door("in", "main"), 1));
    CHECK(after.levels().empty());
}

TEST_CASE("pipeline: every cut of a saved store is corrupt", "[pipeline]") {
    std::string saved;
    Shop before;
    REQUIRE(before.give(before.door("in", "main"), 1));
    before.pipeline.save(saved);
    for (std::size_t size = 1; size < saved.size(); ++size) {
        CAPTURE(size);
        Shop after;
        const auto ids = after.pipeline.restore(std::string_view(saved).substr(0, size));
        CHECK_FALSE(ids.ok());
    }
}

TEST_CASE("pipeline: a silent door makes no level, and a residual no stale event", "[pipeline]") {
    PipelineOptions options = shop();
    options.stale = minutes(5);
    Shop bench(options);
    const SeriesId in = bench.door("in", "main");
    REQUIRE(bench.give(in, 1));
    bench.pass(hours(24));
    CHECK(bench.levels().size() == 1);
    REQUIRE(bench.give(in, 0));
    bench.pass(hours(1));
    for (const Event& event : bench.output.events) {
        CHECK(event.subject != kResidual);
    }
    CHECK(bench.residuals().size() == 1);
}

}  // namespace cxedge::pipeline
