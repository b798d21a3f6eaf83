// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_throughput/rate_meter.hpp"

#include <algorithm>

#include "plugins/probe_throughput/throughput_figures.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace plugins::throughput;

// `rate` of each second in bytes/s; twenty marks a second.
RateMeter line(const std::vector<double>& rates, const RateRules& rules = {}) {
    RateMeter meter(rules);
    double bytes = 1;
    double at_s = 3;  // of connecting
    meter.add(at_s, 1);
    for (const double rate : rates) {
        for (int i = 0; i < 20; ++i) {
            at_s += 0.05;
            bytes += rate / 20;
            meter.add(at_s, static_cast<std::uint64_t>(bytes));
        }
    }
    return meter;
}

}  // namespace

TEST_CASE("rate: the slow start does not count", "[probe_throughput]") {
    const RateMeter meter = line({1'000, 50'000, 50'000, 50'000});
    REQUIRE(meter.counted());
    CHECK(meter.counted()->bits_per_s() == Approx(400'000).epsilon(0.02));
    CHECK(meter.counted()->to_s - meter.counted()->from_s == Approx(3).margin(0.06));
    CHECK(meter.warm());
    CHECK(meter.elapsed_s() == Approx(4));
}

TEST_CASE("rate: no more than came in, whatever was handed over", "[probe_throughput]") {
    // A quarter of what came in the first second waits for packets that were dropped.
    const auto meter = [](double first, bool with_arrivals) {
        RateMeter out({});
        for (int i = 1; i <= 500; ++i) {
            const double at_s = i * 0.01;
            const double waits = 250'000 * std::min(1.0, (5 - at_s) / 4);
            out.add(at_s, static_cast<std::uint64_t>(1'000'000 * at_s - (at_s < 1 ? 0 : waits)));
            if (with_arrivals) {
                out.came_in(at_s, static_cast<std::uint64_t>(first + 1'000'000 * at_s));
            }
        }
        return out.counted()->bits_per_s();
    };
    CHECK(meter(0, false) == Approx(8.5e6).epsilon(0.01));
    CHECK(meter(0, true) == Approx(8e6).epsilon(0.01));
    CHECK(meter(5e6, true) == Approx(8e6).epsilon(0.01));
}

TEST_CASE("rate: what waited in a queue is no line", "[probe_throughput]") {
    RateMeter meter({});
    meter.add(0.001, 1'000'000);
    meter.add(0.01, 1'500'000);
    meter.add(0.02, 2'000'000);
    CHECK_FALSE(meter.counted());
}

TEST_CASE("rate: a transfer that stands still", "[probe_throughput]") {
    CHECK(line({50'000, 50'000, 0, 0, 0}).stalled());
    CHECK_FALSE(line({50'000, 50'000, 0, 0, 10}).stalled());
    CHECK_FALSE(line({50'000}).stalled());
}

TEST_CASE("rate: of a short transfer the second half counts", "[probe_throughput]") {
    RateMeter meter({});
    for (int i = 1; i <= 10; ++i) {
        meter.add(i * 0.01, static_cast<std::uint64_t>(i) * 1'000'000);
    }
    CHECK_FALSE(meter.warm());
    REQUIRE(meter.counted());
    CHECK(meter.counted()->bits_per_s() == Approx(800e6));
    CHECK(meter.counted()->bytes == 5'000'000);
}

TEST_CASE("rate: nothing is told of nothing", "[probe_throughput]") {
    RateMeter meter({});
    CHECK_FALSE(meter.counted());
    CHECK_FALSE(meter.stable());
    meter.add(1, 0);
    meter.add(2, 100);
    CHECK_FALSE(meter.counted());
    meter.add(2, 200);  // no time
    CHECK_FALSE(meter.counted());
    CHECK_FALSE(meter.warm());
}

TEST_CASE("rate: steady is within two hundredths for two seconds", "[probe_throughput]") {
    CHECK_FALSE(line({9, 50'000, 50'000}).stable());  // too early
    CHECK(line({9, 50'000, 50'000, 50'000}).stable() == false);
    CHECK(line({9, 50'000, 50'000, 50'000, 50'000}).stable());
    CHECK_FALSE(line({9, 50'000, 53'000, 50'000, 50'000}).stable());
    CHECK_FALSE(line({9, 50'000, 50'000, 50'000, 48'000}).stable());
    CHECK_FALSE(line({9, 0, 0, 0, 0, 0}).stable());  // a dead line is not steady
}

TEST_CASE("rate: medians, and the rise of one over another", "[probe_throughput]") {
    CHECK_FALSE(median({}));
    CHECK(*median({3, 1, 2}) == Approx(2));
    CHECK(*median({4, 1, 2, 3}) == Approx(2.5));
    CHECK(*bufferbloat({0.01, 0.02, 0.01}, {0.2, 0.1, 0.3}) == Approx(0.19));
    CHECK(*bufferbloat({0.02, 0.02, 0.02}, {0.01, 0.01, 0.01}) == Approx(-0.01));  // never clamped
    CHECK_FALSE(bufferbloat({0.01, 0.01}, {0.1, 0.1, 0.1}));
    CHECK_FALSE(bufferbloat({0.01, 0.01, 0.01}, {}));
}

}  // namespace cxedge::test
