// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/column_encoder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include "agent/base/decimal.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

constexpr unsigned kEscaped = kMaxDecimals + 1;

// A number with at most 9 decimals is within rounding error of an integer once scaled by 10^9.
// Refuses most full-precision doubles with one multiplication instead of ten divisions.
bool surely_off_grid(double value) {
    constexpr double kExactIntegers = 9007199254740992.0;
    const double scaled = value * kPowersOfTen[kMaxDecimals];
    const double size = std::fabs(scaled);
    if (!(size < kExactIntegers)) {
        return false;
    }
    const auto nearest =
        static_cast<double>(static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled)));
    return std::fabs(scaled - nearest) > size * 4 * std::numeric_limits<double>::epsilon();
}

// Fewest decimals that hold `value`, or kEscaped. Tries `guess` first: neighbours are alike.
unsigned fewest_decimals(double value, unsigned guess) {
    std::int64_t units = 0;
    if (guess < kEscaped && to_units(value, guess, units) &&
        (guess == 0 || !to_units(value, guess - 1, units))) {
        return guess;
    }
    if (surely_off_grid(value)) {
        return kEscaped;
    }
    unsigned decimals = 0;
    while (decimals < kEscaped && !to_units(value, decimals, units)) {
        ++decimals;
    }
    return decimals;
}

}  // namespace

unsigned choose_decimals(const Cell* begin, const Cell* end) {
    std::array<std::uint32_t, kEscaped + 1> values_by_need{};
    unsigned need = 0;
    for (const Cell* cell = begin; cell != end; ++cell) {
        if (cell->kind == CellKind::number) {
            need = fewest_decimals(cell->value, need);
            ++values_by_need[need];
        }
    }
    // In half bytes: a decimal more costs each integer about one, an escape costs about twenty.
    const auto rows = static_cast<std::uint64_t>(end - begin);
    std::uint64_t uncovered = rows;
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    unsigned best = 0;
    for (unsigned decimals = 0; decimals <= kMaxDecimals; ++decimals) {
        uncovered -= values_by_need[decimals];
        const std::uint64_t cost = decimals * rows + 20 * uncovered;
        if (cost < least) {
            least = cost;
            best = decimals;
        }
    }
    return best;
}

void write_decimals(const std::vector<unsigned>& decimals, cx::v1::Block& block) {
    const unsigned first = decimals.front();
    const bool same =
        std::all_of(decimals.begin(), decimals.end(), [&](unsigned d) { return d == first; });
    if (!same) {
        block.mutable_decimals()->Add(decimals.begin(), decimals.end());
    } else if (first != 0) {
        block.add_decimals(first);
    }
}

void CellWriter::number(const Cell& cell, unsigned decimals, std::int64_t& running) {
    std::int64_t units = running;
    if (cell.kind == CellKind::lost) {
        mark_lost();
    } else if (!to_units(cell.value, decimals, units)) {
        units = running;
        escape(cell.value);
    }
    block_.add_v(wrapping_sub(units, running));
    running = units;
    ++cell_;
}

void CellWriter::histogram(const Cell& cell) {
    if (cell.kind == CellKind::lost) {
        mark_lost();
    }
    ++cell_;
}

void CellWriter::mark_lost() {
    std::string& bitmap = *block_.mutable_lost();
    bitmap.resize(std::size_t{cell_} / 8 + 1);
    char& byte = bitmap.back();
    byte = static_cast<char>(static_cast<std::uint8_t>(byte) | (1U << (cell_ % 8)));
}

void CellWriter::escape(double value) {
    block_.add_esc_at(cell_ - last_escape_);
    block_.add_esc(value);
    last_escape_ = cell_;
}

}  // namespace cxedge::wire
