// SPDX-License-Identifier: Apache-2.0
#include "plugins/synthetic/synthetic.hpp"

#include <algorithm>
#include <numeric>

#include "tests/plugins/plugin_fixture.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::Generator;
using plugins::Synthetic;
using plugins::SyntheticSeries;

std::vector<double> take(Generator& generator, int count) {
    std::vector<double> values;
    for (int i = 0; i < count; ++i) {
        values.push_back(generator.next().value_or(-1));
    }
    return values;
}

SyntheticSeries series_of(const std::string& kind) {
    SyntheticSeries series;
    series.metric = "a";
    series.kind = kind;
    return series;
}

}  // namespace

TEST_CASE(
    "synthetic: the same seed gives the same values, another seed others", "[plugins][synthetic]"
) {
    Generator first(series_of("histogram"), 5);
    Generator second(series_of("histogram"), 5);
    Generator third(series_of("histogram"), 6);
    const std::vector<double> values = take(first, 100);
    CHECK(values == take(second, 100));
    CHECK(values != take(third, 100));
}

TEST_CASE("synthetic: the number of readings depends on the time alone", "[plugins][synthetic]") {
    const std::string settings =
        "plugin = \"synthetic\"\n[[source.series]]\nmetric = \"a\"\nrate_hz = 100\nnoise = 1\n";
    Running<Synthetic> smooth;
    Running<Synthetic> late;
    REQUIRE(smooth.start(settings));
    REQUIRE(late.start(settings));
    for (std::size_t i = 0; i < 5; ++i) {
        smooth.host.manual_clock.advance(std::chrono::milliseconds(100));
        REQUIRE(smooth.host.run_until([&] { return smooth.host.readings.size() > 10 * (i + 1); }));
    }
    late.host.manual_clock.advance(std::chrono::milliseconds(500));
    smooth.source.stop();
    late.source.stop();
    CHECK(smooth.host.readings.size() == 51);
    CHECK(smooth.host.values_of("a") == late.host.values_of("a"));
}

TEST_CASE("synthetic: a counter of 16 bits wraps", "[plugins][synthetic]") {
    SyntheticSeries series = series_of("counter");
    series.step = 10'000;
    series.counter_bits = 16;
    Generator generator(series, 1);
    const std::vector<double> values = take(generator, 50);
    CHECK(*std::max_element(values.begin(), values.end()) < 65'536);
    CHECK_FALSE(std::is_sorted(values.begin(), values.end()));
}

TEST_CASE(
    "synthetic: losses come in the share that was asked for and change no value",
    "[plugins][synthetic]"
) {
    SyntheticSeries series = series_of("delta");
    Generator whole(series, 9);
    series.loss_share = 0.25;
    Generator holed(series, 9);
    int lost = 0;
    for (int i = 0; i < 10'000; ++i) {
        const std::optional<double> expected = whole.next();
        const std::optional<double> value = holed.next();
        lost += value ? 0 : 1;
        if (value) {
            CHECK(value == expected);
        }
    }
    CHECK(lost > 2'300);
    CHECK(lost < 2'700);
}

TEST_CASE("synthetic: waiting times have the mean that was asked for", "[plugins][synthetic]") {
    SyntheticSeries series = series_of("histogram");
    series.base = 5;
    series.amplitude = 40;
    Generator generator(series, 3);
    const std::vector<double> values = take(generator, 20'000);
    CHECK(*std::min_element(values.begin(), values.end()) >= 5);
    CHECK(std::accumulate(values.begin(), values.end(), 0.0) / 20'000 == Approx(45).epsilon(0.03));
}

TEST_CASE(
    "synthetic: a refused series fails the start, refused readings are a problem",
    "[plugins][synthetic]"
) {
    const std::string settings = "plugin = \"synthetic\"\n[[source.series]]\nmetric = \"a\"\n";
    Running<Synthetic> run;
    SECTION("series") {
        run.host.on_declare = [](const SeriesInfo&) {
            return Status(invalid_argument("unknown"));
        };
        const Status status = run.start(settings);
        REQUIRE_FALSE(status);
        CHECK(status.error().message == "a: unknown");
    }
    SECTION("readings") {
        run.host.on_emit = [](const SeriesInfo&, double) {
            return Status(exhausted("full"));
        };
        REQUIRE(run.start(settings));
        run.host.manual_clock.advance(std::chrono::seconds(5));
        run.source.stop();
        CHECK(run.host.problems == std::vector<std::string>{"readings are refused: full"});
    }
}

}  // namespace cxedge::test
