// SPDX-License-Identifier: Apache-2.0
#include "plugins/sound/weighting.hpp"

#include <span>
#include <type_traits>

#include "tests/plugins/sound/wav_file.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using plugins::EnergyMeter;
using plugins::Weighting;

// IEC 61672-1:2013, tables 3 and 4: nominal frequency, A, C, limits of class 1 and class 2.
struct Row {
    double hz;  // exact, base ten
    double a;
    double c;
    double above_1;
    double below_1;
    double limit_2;
};
constexpr Row kRows[] = {
    {31.623, -39.4, -3.0, 1.5, 1.5, 3.0},
    {63.096, -26.2, -0.8, 1.0, 1.0, 2.0},
    {125.89, -16.1, -0.2, 1.0, 1.0, 1.5},
    {251.19, -8.6, 0.0, 1.0, 1.0, 1.5},
    {501.19, -3.2, 0.0, 1.0, 1.0, 1.5},
    {1000.0, 0.0, 0.0, 0.7, 0.7, 1.0},
    {1995.3, 1.2, -0.2, 1.0, 1.0, 2.0},
    {3981.1, 1.0, -0.8, 1.0, 1.0, 3.0},
    {7943.3, -1.1, -3.0, 1.5, 2.5, 5.0},
};

double measured(char weighting, double hz, double dbfs, double rate) {
    EnergyMeter meter(weighting, rate);
    const std::vector<float> samples = sine(hz, dbfs, 4, rate);
    const auto second = static_cast<std::size_t>(rate);
    meter.add(std::span(samples).first(second));
    static_cast<void>(meter.take());  // the filter has settled
    meter.add(std::span(samples).subspan(second));
    return plugins::level_db(meter.take());
}

}  // namespace

TEST_CASE("sound: the weightings are those of IEC 61672", "[plugins][sound]") {
    for (const double rate : {32'000.0, 44'100.0, 48'000.0, 96'000.0, 192'000.0}) {
        const Weighting a('A', rate);
        const Weighting c('C', rate);
        const Weighting z('Z', rate);
        for (const Row& row : kRows) {
            INFO(rate << " samples a second, " << row.hz << " Hz");
            CHECK(std::abs(a.response_db(row.hz) - row.a) < row.limit_2);
            CHECK(std::abs(c.response_db(row.hz) - row.c) < row.limit_2);
            CHECK(std::abs(z.response_db(row.hz)) < 0.3);
            if (rate >= 44'100) {
                CHECK(a.response_db(row.hz) - row.a < row.above_1);
                CHECK(row.a - a.response_db(row.hz) < row.below_1);
            }
        }
    }
}

TEST_CASE("sound: a sine of 1 kHz at -20 dBFS is exactly that", "[plugins][sound]") {
    for (const char weighting : {'A', 'C', 'Z'}) {
        CHECK(std::abs(measured(weighting, 1'000, -20, 48'000) + 20) < 0.02);
        CHECK(std::abs(measured(weighting, 1'000, 0, 44'100)) < 0.02);
    }
    CHECK(std::abs(measured('A', 1'000, -90, 48'000) + 90) < 0.05);
}

TEST_CASE("sound: what is measured is what the response says", "[plugins][sound]") {
    for (const Row& row : kRows) {
        INFO(row.hz << " Hz");
        const double expected = -20 + Weighting('A', 48'000).response_db(row.hz);
        CHECK(std::abs(measured('A', row.hz, -20, 48'000) - expected) < 0.1);
    }
}

TEST_CASE("sound: two tones add their energies", "[plugins][sound]") {
    EnergyMeter meter('Z', 48'000);
    std::vector<float> both = sine(1'000, -20, 2);
    const std::vector<float> other = sine(3'000, -20, 2);
    for (std::size_t i = 0; i < both.size(); ++i) {
        both[i] += other[i];
    }
    meter.add(both);
    CHECK(std::abs(plugins::level_db(meter.take()) + 16.99) < 0.05);
}

TEST_CASE("sound: no audio is kept", "[plugins][sound]") {
    // Nothing but numbers of fixed size: three filter sections, a sum and a count. There is no room
    // for a sound, and nothing that points to one.
    STATIC_REQUIRE(std::is_trivially_copyable_v<EnergyMeter>);
    STATIC_REQUIRE(sizeof(EnergyMeter) <= 3 * 7 * sizeof(double) + 4 * sizeof(double));
    EnergyMeter meter('A', 48'000);
    meter.add(sine(1'000, -20, 10));
    CHECK(meter.count() == 480'000);
    CHECK(meter.take() > 0);
    CHECK(meter.count() == 0);
    CHECK(meter.take() == 0);
}

}  // namespace cxedge::test
