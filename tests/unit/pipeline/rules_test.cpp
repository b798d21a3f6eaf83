// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/rules.hpp"

#include "agent/base/glob.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::pipeline {
namespace {

Rule rule(std::string match) {
    Rule out;
    out.match = std::move(match);
    return out;
}

SeriesInfo series(std::string metric, std::vector<Dimension> dims = {}) {
    return {{std::move(metric), std::move(dims)}, Kind::gauge, "", {}, 0};
}

Plan plan(const SeriesInfo& info, const PipelineOptions& options) {
    const Result<Plan> planned = plan_for(info, options);
    REQUIRE(planned);
    return *planned;
}

PipelineOptions with_rules(std::vector<Rule> rules) {
    PipelineOptions options;
    options.catalogue.emplace("store.temp", CatalogueEntry{"store.temp", Kind::gauge, "Cel", ""});
    options.catalogue.emplace("agent.rss", CatalogueEntry{"agent.rss", Kind::gauge, "By", ""});
    options.catalogue.emplace(
        "store.in", CatalogueEntry{"store.in", Kind::counter, "{person}", ""}
    );
    options.rules = std::move(rules);
    return options;
}

TEST_CASE("rules: a star is any run of characters", "[pipeline]") {
    CHECK(glob_matches("store.*", "store.footfall.in"));
    CHECK(glob_matches("*.in", "store.footfall.in"));
    CHECK(glob_matches("store.*.in", "store.footfall.in"));
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("store.in*", "store.in"));
    CHECK(glob_matches("a*b*c", "aXbXbXc"));
    CHECK(glob_matches("**", "x"));

    CHECK_FALSE(glob_matches("store.*.in", "store.in"));
    CHECK_FALSE(glob_matches("store", "store.in"));
    CHECK_FALSE(glob_matches("store.in", "store"));
    CHECK_FALSE(glob_matches("", "x"));
    CHECK_FALSE(glob_matches("a*b*c", "aXcXb"));
    CHECK_FALSE(glob_matches("st.re", "store"));
}

TEST_CASE("rules: a pattern full of stars is still quick", "[pipeline]") {
    std::string pattern;
    for (int i = 0; i < 64; ++i) {
        pattern += "a*";
    }
    CHECK_FALSE(glob_matches(pattern + "b", std::string(128, 'a')));
}

TEST_CASE("rules: the first rule that names a setting decides it", "[pipeline]") {
    Rule exact = rule("store.temp");
    exact.window = std::chrono::seconds(10);
    Rule wide = rule("store.*");
    wide.window = std::chrono::seconds(99);
    wide.stale = std::chrono::seconds(77);
    wide.has_keep = true;
    wide.keep = Keep::raw;
    Rule last = rule("*");
    last.has_keep = true;
    last.keep = Keep::drop;
    last.has_stream = true;
    last.stream = Stream::bulk;
    last.stats = {GaugeStat::max};

    const Plan got = plan(series("store.temp"), with_rules({exact, wide, last}));

    CHECK(got.window == std::chrono::seconds(10));
    CHECK(got.stale == std::chrono::seconds(77));
    CHECK(got.keep == Keep::raw);
    CHECK(got.stream == Stream::bulk);
    CHECK(got.stats == std::vector<GaugeStat>{GaugeStat::max});
}

TEST_CASE("rules: without one the defaults hold", "[pipeline]") {
    PipelineOptions options = with_rules({});
    options.window = std::chrono::seconds(30);
    options.stale = std::chrono::seconds(90);

    const Plan got = plan(series("store.temp"), options);

    CHECK(got.keep == Keep::window);
    CHECK(got.window == std::chrono::seconds(30));
    CHECK(got.stale == std::chrono::seconds(90));
    CHECK(got.stream == Stream::kpi);
    CHECK(got.unit == "Cel");
    CHECK(got.stats == std::vector<GaugeStat>{GaugeStat::mean});
}

TEST_CASE("rules: the agent's own metrics pass as they are, as health", "[pipeline]") {
    const Plan got = plan(series("agent.rss"), with_rules({}));

    CHECK(got.keep == Keep::raw);
    CHECK(got.stream == Stream::health);
}

TEST_CASE("rules: every listed dimension must fit", "[pipeline]") {
    Rule doors = rule("*");
    doors.where = {{"door", "front*"}, {"class", "adult"}};
    doors.has_keep = true;
    doors.keep = Keep::drop;
    const PipelineOptions options = with_rules({doors});

    const auto keep = [&](std::vector<Dimension> dims) {
        return plan(series("store.temp", std::move(dims)), options).keep;
    };
    CHECK(keep({{"door", "front left"}, {"class", "adult"}}) == Keep::drop);
    CHECK(keep({{"door", "back"}, {"class", "adult"}}) == Keep::window);
    CHECK(keep({{"door", "front"}}) == Keep::window);
}

TEST_CASE(
    "rules: labels of all fitting rules are joined, the first one's value wins", "[pipeline]"
) {
    Rule one = rule("store.*");
    one.labels = {{"journey", "checkout"}};
    Rule other = rule("*");
    other.labels = {{"journey", "visit"}, {"step", "wait"}};

    const Plan got = plan(series("store.temp"), with_rules({one, other}));

    CHECK(got.labels == std::vector<Dimension>{{"journey", "checkout"}, {"step", "wait"}});
}

TEST_CASE("rules: an unknown metric is refused until a rule gives a unit", "[pipeline]") {
    Rule known = rule("shop.*");
    known.unit = "Cel";

    const auto refused = plan_for(series("shop.heat"), with_rules({}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().message.find("[[rule]] match = \"shop.heat\"") != std::string::npos);

    CHECK(plan(series("shop.heat"), with_rules({known})).unit == "Cel");
}

TEST_CASE("rules: nobody contradicts the catalogue", "[pipeline]") {
    SeriesInfo other_unit = series("store.temp");
    other_unit.unit = "K";
    SeriesInfo other_kind = series("store.temp");
    other_kind.kind = Kind::delta;
    Rule wrong = rule("store.temp");
    wrong.unit = "K";

    CHECK_FALSE(plan_for(other_unit, with_rules({})));
    CHECK_FALSE(plan_for(other_kind, with_rules({})));
    CHECK_FALSE(plan_for(series("store.temp"), with_rules({wrong})));

    SeriesInfo increments = series("store.in");
    increments.kind = Kind::delta;
    increments.unit = "{person}";
    CHECK(plan_for(increments, with_rules({})));
}

}  // namespace
}  // namespace cxedge::pipeline
