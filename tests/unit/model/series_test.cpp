// SPDX-License-Identifier: Apache-2.0
#include "agent/model/series.hpp"

#include "agent/model/catalogue.hpp"

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

SeriesInfo gauge(std::string metric, std::vector<Dimension> dims = {}) {
    return {{std::move(metric), std::move(dims)}, Kind::gauge, "1", {}, 0};
}

std::string problem(SeriesInfo info) {
    const Status status = normalise(info);
    if (status) {
        return "";
    }
    CHECK(status.error().code == ErrorCode::invalid_argument);
    return status.error().message;
}

TEST_CASE("series: dimensions are sorted by key", "[model]") {
    SeriesInfo info =
        gauge("store.footfall.in", {{"zone", "a"}, {"door", "main"}, {"class", "adult"}});

    REQUIRE(normalise(info));

    CHECK(to_string(info.key) == "store.footfall.in{class=adult,door=main,zone=a}");
}

TEST_CASE("series: the same dimensions in another order are the same series", "[model]") {
    SeriesInfo one = gauge("m", {{"a", "1"}, {"b", "2"}});
    SeriesInfo other = gauge("m", {{"b", "2"}, {"a", "1"}});

    REQUIRE(normalise(one));
    REQUIRE(normalise(other));

    CHECK(one == other);
    CHECK(to_string(gauge("bare").key) == "bare");
}

TEST_CASE("series: a dimension given twice is refused", "[model]") {
    CHECK(
        problem(gauge("m", {{"b", "1"}, {"a", "1"}, {"b", "2"}})) ==
        "m: dimension \"b\" is given twice"
    );
}

TEST_CASE("series: metric names have an alphabet and a length", "[model]") {
    CHECK(problem(gauge("net/if_in.bytes-total9")).empty());
    CHECK(problem(gauge(std::string(kMaxNameLength, 'm'))).empty());

    CHECK_FALSE(problem(gauge("")).empty());
    CHECK_FALSE(problem(gauge("with space")).empty());
    CHECK_FALSE(problem(gauge("caf\xc3\xa9")).empty());
    CHECK_FALSE(problem(gauge("new\nline")).empty());
    const std::string long_one = problem(gauge(std::string(kMaxNameLength + 1, 'm')));
    CHECK_FALSE(long_one.empty());
    CHECK(long_one.size() < 200);  // a hostile name does not fill the log
}

TEST_CASE("series: dimension keys and values have limits", "[model]") {
    CHECK(problem(gauge("m", {{"k", "Gr\xc3\xbc\xc3\x9f Gott"}})).empty());
    CHECK(problem(gauge("m", {{"k", std::string(kMaxDimensionLength, 'v')}})).empty());

    CHECK_FALSE(problem(gauge("m", {{"", "v"}})).empty());
    CHECK_FALSE(problem(gauge("m", {{"a/b", "v"}})).empty());
    CHECK_FALSE(problem(gauge("m", {{"k", ""}})).empty());
    CHECK_FALSE(problem(gauge("m", {{"k", "a\tb"}})).empty());
    CHECK_FALSE(problem(gauge("m", {{"k", "\x7f"}})).empty());
    CHECK_FALSE(problem(gauge("m", {{"k", std::string(kMaxDimensionLength + 1, 'v')}})).empty());
}

TEST_CASE("series: only so many dimensions", "[model]") {
    std::vector<Dimension> dims;
    for (std::size_t i = 0; i < kMaxDimensions; ++i) {
        dims.push_back({"d" + std::to_string(i), "v"});
    }
    CHECK(problem(gauge("m", dims)).empty());

    dims.push_back({"one_more", "v"});
    CHECK(problem(gauge("m", dims)) == "m: 17 dimensions, at most 16 are allowed");
}

TEST_CASE("series: states belong to state series, at least two", "[model]") {
    SeriesInfo door{{"store.door", {}}, Kind::state, "", {"closed", "open"}, 0};
    CHECK(problem(door).empty());

    door.states = {"closed"};
    CHECK_FALSE(problem(door).empty());
    door.states.clear();
    CHECK_FALSE(problem(door).empty());

    SeriesInfo level = gauge("store.level");
    level.states = {"low", "high"};
    CHECK_FALSE(problem(level).empty());
}

TEST_CASE("series: kinds have names", "[model]") {
    for (const Kind kind :
         {Kind::gauge, Kind::counter, Kind::delta, Kind::histogram, Kind::state}) {
        Kind parsed = kind == Kind::gauge ? Kind::state : Kind::gauge;
        REQUIRE(parse_kind(to_string(kind), parsed));
        CHECK(parsed == kind);
    }
    Kind kept = Kind::delta;
    CHECK_FALSE(parse_kind("meter", kept));
    CHECK(kept == Kind::delta);
}

TEST_CASE("catalogue: a counter may be fed by increments, nothing else is mixed", "[model]") {
    CHECK(kind_fits(Kind::counter, Kind::delta));
    CHECK(kind_fits(Kind::delta, Kind::counter));
    CHECK(kind_fits(Kind::histogram, Kind::histogram));
    CHECK_FALSE(kind_fits(Kind::gauge, Kind::counter));
    CHECK_FALSE(kind_fits(Kind::counter, Kind::gauge));
    CHECK_FALSE(kind_fits(Kind::histogram, Kind::gauge));
    CHECK_FALSE(kind_fits(Kind::state, Kind::gauge));
}

}  // namespace
}  // namespace cxedge
