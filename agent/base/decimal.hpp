// SPDX-License-Identifier: Apache-2.0
// Doubles as decimal integers, exactly or not at all.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace cxedge {

inline constexpr unsigned kMaxDecimals = 9;
inline constexpr std::array<double, kMaxDecimals + 1> kPowersOfTen = {
    1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

// What the receiver computes. Requires: decimals <= kMaxDecimals.
inline double from_units(std::int64_t units, unsigned decimals) {
    return static_cast<double>(units) / kPowersOfTen[decimals];
}

// True when `value` is exactly from_units(units, decimals), bit for bit (so never for -0.0, NaN or
// an infinity). Integers from 2^53 on are refused: there, not every integer has a double of its
// own.
inline bool to_units(double value, unsigned decimals, std::int64_t& units) {
    constexpr double kTwoTo53 = 9007199254740992.0;
    const double scaled = value * kPowersOfTen[decimals];
    if (!(std::fabs(scaled) < kTwoTo53)) {
        return false;
    }
    units = static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled));
    return from_units(units, decimals) == value && (units != 0 || !std::signbit(value));
}

// Arithmetic on times and deltas that wraps instead of being undefined: untrusted input may hold
// any 64 bits, and wrapping undoes itself on the other end.
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

}  // namespace cxedge
