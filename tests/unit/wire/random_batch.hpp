// SPDX-License-Identifier: Apache-2.0
// Random batches from a seed: every shape of block, strange values and times.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "agent/base/decimal.hpp"

#include "tests/unit/wire/samples.hpp"

namespace cxedge::test {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::array kStrange = {
    0.0,
    -0.0,
    kInfinity,
    -kInfinity,
    kNan,
    -kNan,
    std::numeric_limits<double>::denorm_min(),
    -std::numeric_limits<double>::denorm_min(),
    std::numeric_limits<double>::min(),
    std::numeric_limits<double>::max(),
    std::numeric_limits<double>::lowest(),
    9007199254740991.0,
    9007199254740992.0,
    9007199254740994.0,
    -9007199254740991.0,
    -9007199254740993.0,
    9223372036854775808.0,
    -9223372036854775808.0,
    1e300,
    -1e-300,
    0.1,
    0.3,
    1e-9,
    -1e-9,
    1e-10,
    123456789.123456789,
    4503599627370496.5,
    9007199.254740993,
    0.30000000000000004,
    1.0 / 3};

class RandomBatch {
public:
    explicit RandomBatch(std::uint32_t seed) : random_(seed) {}

    std::vector<Sample> make() {
        const std::uint32_t parts = 1 + below(4);
        for (std::uint32_t i = 0; i < parts; ++i) {
            using Part = void (RandomBatch::*)();
            const std::array<Part, 5> kinds = {
                &RandomBatch::grid,
                &RandomBatch::scattered,
                &RandomBatch::one_series,
                &RandomBatch::chaos,
                &RandomBatch::histograms};
            (this->*kinds[below(kinds.size())])();
        }
        if (below(3) == 0) {
            std::shuffle(samples_.begin(), samples_.end(), random_);
        }
        return std::move(samples_);
    }

private:
    std::uint32_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::uint32_t>(
            0, static_cast<std::uint32_t>(bound) - 1
        )(random_);
    }
    double any_bits() {
        return std::bit_cast<double>((std::uint64_t{random_()} << 32U) | random_());
    }
    std::int64_t any_time() {
        switch (below(4)) {
            case 0:
                return static_cast<std::int64_t>((std::uint64_t{random_()} << 32U) | random_());
            case 1:
                return below(2) == 0 ? std::numeric_limits<std::int64_t>::min()
                                     : std::numeric_limits<std::int64_t>::max();
            default:
                return static_cast<std::int64_t>(below(1000000)) - 1000;
        }
    }
    // One style for a series most of the time, as in life.
    double value(std::uint32_t style) {
        switch (style) {
            case 0:
                return below(1000);
            case 1:
                return from_units(static_cast<std::int64_t>(random_()), below(10));
            case 2:
                return std::uniform_real_distribution<double>(-1e6, 1e6)(random_);
            case 3:
                return kStrange[below(kStrange.size())];
            case 4:
                return any_bits();
            case 5:
                return static_cast<double>(static_cast<float>(below(100000)) / 7.0F);
            default:
                return value(below(6));
        }
    }
    SampleValue maybe_lost(double number) {
        if (below(12) == 0) {
            return Lost{};
        }
        return number;
    }
    SampleTime::Base base() {
        return below(5) == 0 ? SampleTime::Base::wall : SampleTime::Base::boot;
    }
    std::uint32_t first_series() { return below(20) == 0 ? 0xFFFFFF00U - below(1000) : below(300); }

    void grid() {
        const std::uint32_t rows = 1 + below(20);
        const std::uint32_t columns = 1 + below(20);
        const std::uint32_t first = first_series();
        const std::uint32_t style = below(7);
        const SampleTime::Base time_base = base();
        std::int64_t ms = any_time();
        const std::int64_t step = 1 + below(60000);
        for (std::uint32_t row = 0; row < rows; ++row) {
            for (std::uint32_t column = 0; column < columns; ++column) {
                samples_.push_back(
                    {SeriesId{first + column}, {time_base, ms}, maybe_lost(value(style))}
                );
            }
            ms = wrapping_add(ms, below(10) == 0 ? -step : step);
        }
    }
    void scattered() {
        const std::uint32_t count = 1 + below(120);
        const std::uint32_t series = 1 + below(50);
        const std::uint32_t first = first_series();
        const std::uint32_t style = below(7);
        std::int64_t ms = below(100000);
        for (std::uint32_t i = 0; i < count; ++i) {
            ms += static_cast<std::int64_t>(below(400)) - (below(10) == 0 ? 500 : 0);
            samples_.push_back(
                {SeriesId{first + below(series)},
                 {SampleTime::Base::boot, ms},
                 maybe_lost(value(style))}
            );
        }
    }
    void one_series() {
        const SeriesId series{first_series()};
        const std::uint32_t count = below(60);
        for (std::uint32_t i = 0; i < count; ++i) {
            samples_.push_back({series, {base(), any_time()}, maybe_lost(value(6))});
        }
    }
    void chaos() {
        const std::uint32_t count = below(80);
        for (std::uint32_t i = 0; i < count; ++i) {
            SampleValue what = below(6) == 0 ? SampleValue(histogram()) : maybe_lost(value(6));
            samples_.push_back({SeriesId{below(6)}, {base(), any_time()}, std::move(what)});
        }
    }
    void histograms() {
        const std::uint32_t rows = 1 + below(4);
        for (std::uint32_t row = 0; row < rows; ++row) {
            for (std::uint32_t series = 400; series < 405; ++series) {
                SampleValue what = below(8) == 0 ? SampleValue(Lost{}) : SampleValue(histogram());
                samples_.push_back(
                    {SeriesId{series}, at_boot(BootTime(60000 * row)), std::move(what)}
                );
            }
        }
    }
    Histogram histogram() {
        if (below(4) == 0) {
            return odd_histogram();
        }
        Histogram made;
        const std::uint32_t count = below(50);
        const std::uint32_t style = below(6);
        for (std::uint32_t i = 0; i < count; ++i) {
            made.record(value(style));
        }
        return made;
    }
    // What record() would never make but from_parts() may hold.
    Histogram odd_histogram() {
        Histogram::Parts parts;
        parts.count = below(2) == 0 ? std::numeric_limits<std::uint64_t>::max() : below(10);
        parts.zeros = below(3);
        parts.sum = value(6);
        parts.min = value(6);
        parts.max = value(6);
        parts.positive[std::numeric_limits<std::int32_t>::min()] = 1;
        parts.positive[std::numeric_limits<std::int32_t>::max()] =
            std::numeric_limits<std::uint64_t>::max();
        parts.negative[static_cast<std::int32_t>(below(100)) - 50] = below(3);
        return Histogram::from_parts(std::move(parts));
    }

    std::mt19937 random_;
    std::vector<Sample> samples_;
};

}  // namespace cxedge::test
