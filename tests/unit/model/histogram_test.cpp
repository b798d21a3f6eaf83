// SPDX-License-Identifier: Apache-2.0
#include "agent/model/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

// (base - 1) / (base + 1) of the header's contract, and room for rounding.
double error_bound() {
    const double base = std::exp2(1.0 / 32);
    return (base - 1) / (base + 1) * (1 + 1e-9);
}

Histogram of(const std::vector<double>& values) {
    Histogram histogram;
    for (const double value : values) {
        histogram.record(value);
    }
    return histogram;
}

double nearest_rank(std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    const double rank = std::max(1.0, std::ceil(q * static_cast<double>(values.size())));
    return values[static_cast<std::size_t>(rank) - 1];
}

TEST_CASE("histogram: a power of two is the upper bound of its bucket", "[model]") {
    for (int exponent = -60; exponent <= 60; ++exponent) {
        CAPTURE(exponent);
        const double power = std::exp2(exponent);
        CHECK(Histogram::bucket_of(power) == exponent * 32 - 1);
        CHECK(Histogram::bucket_of(std::nextafter(power, HUGE_VAL)) == exponent * 32);
        CHECK(Histogram::bucket_of(std::nextafter(power, 0)) == exponent * 32 - 1);
    }
}

TEST_CASE("histogram: every value lies in its bucket", "[model]") {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> exponent(-300, 300);
    for (int i = 0; i < 20'000; ++i) {
        const double value = std::pow(10, exponent(random));
        const std::int32_t index = Histogram::bucket_of(value);
        REQUIRE(Histogram::bucket_bound(index) < value);
        REQUIRE(value <= Histogram::bucket_bound(index + 1));
    }
}

TEST_CASE("histogram: the bounds themselves lie below", "[model]") {
    for (std::int32_t index = -2000; index < 2000; ++index) {
        REQUIRE(Histogram::bucket_of(Histogram::bucket_bound(index)) == index - 1);
    }
}

TEST_CASE("histogram: quantiles stay within the promised error", "[model]") {
    std::mt19937_64 random(2);
    std::lognormal_distribution<double> waits(3, 1.5);
    std::vector<double> values(5000);
    std::generate(values.begin(), values.end(), [&] { return waits(random); });
    const Histogram histogram = of(values);

    for (const double q : {0.0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0}) {
        CAPTURE(q);
        const double exact = nearest_rank(values, q);
        CHECK(std::fabs(histogram.quantile(q) - exact) <= exact * error_bound());
    }
}

TEST_CASE("histogram: the error bound holds at a bucket's very edges", "[model]") {
    const double low = std::nextafter(1.0, 2.0);
    const double high = std::exp2(1.0 / 32);
    // Far neighbours keep the clamp to [min, max] out of the way.
    const Histogram lows = of({0.001, low, 1000});
    const Histogram highs = of({0.001, high, 1000});

    CHECK(std::fabs(lows.quantile(0.5) - low) <= low * error_bound());
    CHECK(std::fabs(highs.quantile(0.5) - high) <= high * error_bound());
}

TEST_CASE("histogram: quantiles are ordered and inside the extremes", "[model]") {
    std::mt19937_64 random(3);
    std::normal_distribution<double> around(0, 10);
    std::vector<double> values(500);
    std::generate(values.begin(), values.end(), [&] { return around(random); });
    const Histogram histogram = of(values);

    double before = histogram.min();
    for (int step = 0; step <= 100; ++step) {
        const double value = histogram.quantile(step / 100.0);
        REQUIRE(value >= before);
        REQUIRE(value <= histogram.max());
        const double exact = nearest_rank(values, step / 100.0);
        REQUIRE(std::fabs(value - exact) <= std::fabs(exact) * error_bound());
        before = value;
    }
}

TEST_CASE("histogram: merging equals recording everything in one", "[model]") {
    std::mt19937_64 random(4);
    std::uniform_int_distribution<int> whole(-1000, 1000);  // sums of integers are exact
    Histogram all;
    Histogram left;
    Histogram right;
    for (int i = 0; i < 2000; ++i) {
        const double value = whole(random);
        all.record(value);
        (i % 3 == 0 ? left : right).record(value);
    }

    left.merge(right);

    CHECK(left == all);
}

TEST_CASE("histogram: merging with an empty one changes nothing", "[model]") {
    const Histogram some = of({1, 2, -3});
    Histogram left = some;
    Histogram right;

    left.merge(Histogram());
    right.merge(some);

    CHECK(left == some);
    CHECK(right == some);
}

TEST_CASE("histogram: zero and negative values have their places", "[model]") {
    const Histogram histogram = of({-4, -4, 0, -0.0, 2});

    CHECK(histogram.count() == 5);
    CHECK(histogram.zeros() == 2);
    CHECK(histogram.negative() == Histogram::Buckets{{63, 2}});
    CHECK(histogram.positive() == Histogram::Buckets{{31, 1}});
    CHECK(histogram.sum() == -6);
    CHECK(histogram.min() == -4);
    CHECK(histogram.max() == 2);
    CHECK(histogram.quantile(0) == Approx(-4).epsilon(0.011));
    CHECK(histogram.quantile(0.5) == 0);
    CHECK(histogram.quantile(1) == Approx(2).epsilon(0.011));
}

TEST_CASE("histogram: what is no number is not recorded", "[model]") {
    Histogram histogram = of({5});

    CHECK_FALSE(histogram.record(std::numeric_limits<double>::quiet_NaN()));
    CHECK_FALSE(histogram.record(std::numeric_limits<double>::infinity()));
    CHECK_FALSE(histogram.record(-std::numeric_limits<double>::infinity()));

    CHECK(histogram == of({5}));
}

TEST_CASE("histogram: one observation is known exactly", "[model]") {
    const Histogram histogram = of({3.7});

    CHECK(histogram.quantile(0) == 3.7);
    CHECK(histogram.quantile(0.5) == 3.7);
    CHECK(histogram.quantile(1) == 3.7);
}

TEST_CASE("histogram: an empty one has no quantiles", "[model]") {
    CHECK(std::isnan(Histogram().quantile(0.5)));
}

TEST_CASE("histogram: the largest and smallest doubles are bounded", "[model]") {
    const double huge = std::numeric_limits<double>::max();
    const double tiny = std::numeric_limits<double>::min();
    const Histogram histogram = of({tiny, huge});

    CHECK(std::isfinite(histogram.quantile(1)));
    CHECK(histogram.quantile(1) == Approx(huge).epsilon(0.011));
    CHECK(histogram.quantile(0) == Approx(tiny).epsilon(0.011));
}

TEST_CASE("histogram: its parts make it again", "[model]") {
    const Histogram histogram = of({-1, 0, 2, 1000});

    const Histogram again = Histogram::from_parts(
        {histogram.count(),
         histogram.zeros(),
         histogram.sum(),
         histogram.min(),
         histogram.max(),
         histogram.positive(),
         histogram.negative()}
    );

    CHECK(again == histogram);
}

}  // namespace
}  // namespace cxedge
