// SPDX-License-Identifier: Apache-2.0
#include "agent/store/exact_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "agent/base/decimal.hpp"

namespace cxedge::store {
namespace {

constexpr std::array<std::int64_t, kMaxDecimals + 1> kTens = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

// A 64-bit integer as two doubles, exactly.
constexpr double kTwoTo32 = 4294967296.0;
double high_of(std::int64_t value) {
    return static_cast<double>(value >> 32) * kTwoTo32;
}
double low_of(std::int64_t value) {
    return static_cast<double>(value & 0xFFFFFFFF);
}

struct TwoSum {
    double high;
    double low;  // what rounding took from `high`
};
TwoSum two_sum(double a, double b) {
    if (std::fabs(a) < std::fabs(b)) {
        std::swap(a, b);
    }
    const double high = a + b;
    return {high, b - (high - a)};
}

// The double next to the sum of parts that do not overlap, rising in magnitude.
double rounded(const std::vector<double>& parts) {
    if (parts.empty()) {
        return 0;
    }
    std::size_t left = parts.size() - 1;
    double high = parts[left];
    double low = 0;
    while (left > 0 && low == 0) {
        const TwoSum sum = two_sum(high, parts[--left]);
        high = sum.high;
        low = sum.low;
    }
    // Half way between two doubles: what is left below decides.
    if (left > 0 && ((low < 0 && parts[left - 1] < 0) || (low > 0 && parts[left - 1] > 0))) {
        const double twice = low * 2;
        const double up = high + twice;
        high = up - high == twice ? up : high;
    }
    return high;
}

// whole + nano / 1e9 when one division gives it: the double that was meant.
bool as_decimal(const ExactSum::Parts& parts, double& value) {
    unsigned decimals = kMaxDecimals;
    std::int64_t part = parts.nano;
    while (decimals > 0 && part % 10 == 0) {
        part /= 10;
        --decimals;
    }
    constexpr std::int64_t kTwoTo53 = std::int64_t{1} << 53U;
    const std::int64_t most = kTwoTo53 / kTens.at(decimals) - 1;
    if (parts.whole > most || parts.whole < -most) {
        return false;
    }
    value = from_units(parts.whole * kTens.at(decimals) + part, decimals);
    return true;
}

}  // namespace

void ExactSum::add(double value) {
    if (!std::isfinite(value)) {
        parts_.special += value;
        return;
    }
    std::int64_t units = 0;
    for (unsigned decimals = 0; decimals <= kMaxDecimals; ++decimals) {
        if (to_units(value, decimals, units)) {
            const std::int64_t ten = kTens.at(decimals);
            add_decimal(units / ten, units % ten * (kNano / ten));
            return;
        }
    }
    if (value != 0) {  // -0.0
        add_binary(value);
    }
}

void ExactSum::add(const ExactSum& other) {
    add_decimal(other.parts_.whole, other.parts_.nano);
    for (const double part : other.parts_.binary) {
        add_binary(part);
    }
    parts_.special += other.parts_.special;
}

void ExactSum::add_decimal(std::int64_t whole, std::int64_t nano) {
    parts_.nano += nano;
    const std::int64_t carry = parts_.nano >= kNano ? 1 : (parts_.nano < 0 ? -1 : 0);
    parts_.nano -= carry * kNano;
    add_whole(whole);
    add_whole(carry);
}

void ExactSum::add_whole(std::int64_t whole) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(parts_.whole, whole, &sum)) {
        parts_.whole = sum;
        return;
    }
    const std::int64_t before = std::exchange(parts_.whole, whole);
    add_binary(high_of(before));
    add_binary(low_of(before));
}

void ExactSum::add_binary(double value) {
    std::vector<double>& parts = parts_.binary;
    std::size_t kept = 0;
    for (const double part : parts) {
        const TwoSum sum = two_sum(value, part);
        if (sum.low != 0) {
            parts[kept++] = sum.low;
        }
        value = sum.high;
    }
    parts.resize(kept);
    if (!std::isfinite(value)) {
        parts.clear();
        parts_.special += value;
    } else if (value != 0) {
        parts.push_back(value);
    }
}

double ExactSum::value() const {
    if (parts_.special != 0) {  // true for NaN
        return parts_.special;
    }
    double decimal = 0;
    if (parts_.binary.empty() && as_decimal(parts_, decimal)) {
        return decimal;
    }
    ExactSum all;
    all.parts_.binary = parts_.binary;
    all.add_binary(high_of(parts_.whole));
    all.add_binary(low_of(parts_.whole));
    all.add_binary(static_cast<double>(parts_.nano) / static_cast<double>(kNano));
    return all.parts_.special != 0 ? all.parts_.special : rounded(all.parts_.binary);
}

bool ExactSum::from_parts(Parts parts, ExactSum& sum) {
    const bool finite = std::all_of(parts.binary.begin(), parts.binary.end(), [](double part) {
        return std::isfinite(part);
    });
    if (!finite || parts.nano < 0 || parts.nano >= kNano) {
        return false;
    }
    sum.parts_ = Parts{};
    sum.parts_.whole = parts.whole;
    sum.parts_.nano = parts.nano;
    sum.parts_.special = parts.special;
    for (const double part : parts.binary) {
        sum.add_binary(part);  // whatever order a damaged file has them in
    }
    return true;
}

}  // namespace cxedge::store
