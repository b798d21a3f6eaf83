// SPDX-License-Identifier: Apache-2.0
#include "agent/store/exact_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "tests/support/catch.hpp"

namespace cxedge::store {
namespace {

double sum_of(const std::vector<double>& values) {
    ExactSum sum;
    for (const double value : values) {
        sum.add(value);
    }
    return sum.value();
}

TEST_CASE("exact_sum: decimals add up as on paper", "[store]") {
    CHECK(sum_of(std::vector<double>(10, 0.1)) == 1.0);
    CHECK(sum_of({0.1, 0.2}) == 0.3);
    CHECK(sum_of({22.4, -0.4, 1e9}) == 1000000022.0);
    CHECK(sum_of({-0.3, 0.1}) == -0.2);
    CHECK(sum_of({}) == 0);
    CHECK(sum_of({-0.0}) == 0);
}

TEST_CASE("exact_sum: what a double would swallow is kept", "[store]") {
    CHECK(sum_of({1e300, 1.0 / 3, -1e300}) == 1.0 / 3);
    CHECK(
        sum_of({9007199254740991, 9007199254740991, 1, -9007199254740991, -9007199254740991}) == 1
    );
    CHECK(sum_of({1, 1e-20, -1}) == 1e-20);
    std::vector<double> large(
        4000, 9007199254740991
    );  // 3.6e19: more than 64 bits of whole numbers
    large.push_back(0.5);
    large.insert(large.end(), 4000, -9007199254740991);
    CHECK(sum_of(large) == 0.5);
}

TEST_CASE("exact_sum: no order and no grouping changes it", "[store]") {
    const auto seed = GENERATE(range(1U, 30U));
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> exponent(-30, 30);
    std::vector<double> values;
    for (int i = 0; i < 300; ++i) {
        const double value = std::exp(exponent(random)) * (random() % 2 == 0 ? 1 : -1);
        values.push_back(random() % 3 == 0 ? std::round(value * 100) / 100 : value);
    }
    const double once = sum_of(values);
    for (int round = 0; round < 5; ++round) {
        std::shuffle(values.begin(), values.end(), random);
        CHECK(sum_of(values) == once);
        ExactSum left;
        ExactSum right;
        for (std::size_t i = 0; i < values.size(); ++i) {
            (i % 3 == 0 ? left : right).add(values[i]);
        }
        left.add(right);
        CHECK(left.value() == once);
    }
    // And all of it taken away again is nothing.
    ExactSum nothing;
    for (const double value : values) {
        nothing.add(value);
        nothing.add(-value);
    }
    CHECK(nothing.value() == 0);
}

TEST_CASE("exact_sum: infinities and NaN stay what they are", "[store]") {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    CHECK(sum_of({1, kInfinity, 2}) == kInfinity);
    CHECK(std::isnan(sum_of({kInfinity, -kInfinity})));
    CHECK(std::isnan(sum_of({std::nan(""), 1})));
    CHECK(sum_of({1.7e308, 1.7e308}) == kInfinity);
}

TEST_CASE("exact_sum: parts that no sum has are refused", "[store]") {
    ExactSum sum;
    ExactSum::Parts parts;
    parts.nano = ExactSum::kNano;
    CHECK_FALSE(ExactSum::from_parts(parts, sum));
    parts.nano = -1;
    CHECK_FALSE(ExactSum::from_parts(parts, sum));
    parts.nano = 5;
    parts.binary = {std::nan("")};
    CHECK_FALSE(ExactSum::from_parts(parts, sum));
    parts.binary = {0.25, 1e-20};
    CHECK(ExactSum::from_parts(parts, sum));
}

}  // namespace
}  // namespace cxedge::store
