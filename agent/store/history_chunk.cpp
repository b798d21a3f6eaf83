// SPDX-License-Identifier: Apache-2.0
#include "agent/store/history_chunk.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "agent/base/byte_codec.hpp"
#include "agent/base/decimal.hpp"

namespace cxedge::store {
namespace {

// Flags of a cell that is more than one value on the block's decimal grid.
constexpr std::uint64_t kLostFlag = 1;     // `lost` follows
constexpr std::uint64_t kSamplesFlag = 2;  // `samples` follows; else 1, or 0 with kLostFlag
constexpr std::uint64_t kCountFlag = 4;    // `n` follows; else as many as samples
constexpr std::uint64_t kSpreadFlag = 8;   // sum, min and max are not all equal to `last`
constexpr std::uint64_t kWideFlag = 16;    // doubles and the parts of the sum, not grid units
constexpr std::uint64_t kBucketsFlag = 32;
constexpr std::uint64_t kKnownFlags = 63;

// More would be no sum that anybody made.
constexpr std::uint64_t kMostParts = 64;

// The fewest decimals that the values of a block need; those beyond the grid are not asked.
unsigned decimals_for(double value, unsigned least) {
    std::int64_t units = 0;
    for (unsigned decimals = least; decimals <= kMaxDecimals; ++decimals) {
        if (to_units(value, decimals, units)) {
            return decimals;
        }
    }
    return least;
}

unsigned decimals_of(const std::vector<HistoryCell>& cells) {
    unsigned decimals = 0;
    for (const HistoryCell& cell : cells) {
        decimals = decimals_for(cell.last, decimals);
        decimals = decimals_for(cell.min, decimals);
        decimals = decimals_for(cell.max, decimals);
    }
    return decimals;
}

// The sum as grid units; false: it is not on the grid.
bool sum_units(const ExactSum& sum, unsigned decimals, std::int64_t& units) {
    const ExactSum::Parts& parts = sum.parts();
    const auto ten = static_cast<std::int64_t>(kPowersOfTen.at(decimals));
    const std::int64_t fine = ExactSum::kNano / ten;
    return parts.binary.empty() && parts.special == 0 && parts.nano % fine == 0 &&
           !__builtin_mul_overflow(parts.whole, ten, &units) &&
           !__builtin_add_overflow(units, parts.nano / fine, &units);
}

ExactSum sum_from_units(std::int64_t units, unsigned decimals) {
    const auto ten = static_cast<std::int64_t>(kPowersOfTen.at(decimals));
    ExactSum::Parts parts;
    parts.whole = units / ten;
    std::int64_t rest = units % ten;
    if (rest < 0) {
        rest += ten;
        --parts.whole;
    }
    parts.nano = rest * (ExactSum::kNano / ten);
    ExactSum sum;
    (void)ExactSum::from_parts(std::move(parts), sum);  // in range by construction
    return sum;
}

struct CellUnits {
    std::int64_t last = 0;
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::int64_t sum = 0;
};

bool units_of(const HistoryCell& cell, unsigned decimals, CellUnits& units) {
    return to_units(cell.last, decimals, units.last) && to_units(cell.min, decimals, units.min) &&
           to_units(cell.max, decimals, units.max) && sum_units(cell.sum, decimals, units.sum);
}

// What the cells of a block have in common, on both ways.
struct BlockState {
    std::int64_t at_ms = 0;
    std::int64_t pace_ms = 0;  // from cell to cell
    std::int64_t units = 0;    // the last value before
    unsigned decimals = 0;
};

class CellWriter {
public:
    CellWriter(ByteWriter& out, BlockState& state) : out_(out), state_(state) {}

    void write(const HistoryCell& cell) {
        CellUnits units;
        const bool gridded = cell.n > 0 && units_of(cell, state_.decimals, units);
        const bool plain = gridded && cell.samples == 1 && cell.n == 1 && cell.lost == 0 &&
                           cell.buckets.empty() && is_single(units);
        write_time(cell.at_ms, plain);
        if (plain) {
            write_last(units);
        } else {
            write_rich(cell, gridded ? &units : nullptr);
        }
    }

private:
    static bool is_single(const CellUnits& units) {
        return units.min == units.last && units.max == units.last && units.sum == units.last;
    }

    // The lowest bit says whether flags follow.
    void write_time(std::int64_t at_ms, bool plain) {
        const std::int64_t pace = wrapping_sub(at_ms, state_.at_ms);
        const std::int64_t change = wrapping_sub(pace, state_.pace_ms);
        const auto bits = static_cast<std::uint64_t>(change);
        const std::uint64_t zigzag = (bits << 1U) ^ static_cast<std::uint64_t>(change >> 63);
        out_.number((zigzag << 1U) | (plain ? 0U : 1U));
        state_.pace_ms = pace;
        state_.at_ms = at_ms;
    }

    void write_last(const CellUnits& units) {
        out_.signed_number(wrapping_sub(units.last, state_.units));
        state_.units = units.last;
    }

    static std::uint64_t flags_of(const HistoryCell& cell, const CellUnits* units) {
        const std::uint64_t usual = cell.lost > 0 ? 0 : 1;
        const bool spread = cell.n > 0 && (units == nullptr || !is_single(*units));
        std::uint64_t flags = cell.lost > 0 ? kLostFlag : 0;
        flags |= cell.samples != usual ? kSamplesFlag : 0;
        flags |= cell.n != cell.samples ? kCountFlag : 0;
        flags |= spread ? kSpreadFlag : 0;
        flags |= cell.n > 0 && units == nullptr ? kWideFlag : 0;
        flags |= cell.buckets.empty() ? 0 : kBucketsFlag;
        return flags;
    }

    void write_rich(const HistoryCell& cell, const CellUnits* units) {
        const std::uint64_t flags = flags_of(cell, units);
        out_.number(flags);
        if ((flags & kLostFlag) != 0) {
            out_.number(cell.lost);
        }
        if ((flags & kSamplesFlag) != 0) {
            out_.number(cell.samples);
        }
        if ((flags & kCountFlag) != 0) {
            out_.number(cell.n);
        }
        if (cell.n > 0) {
            units == nullptr ? write_wide(cell) : write_units(*units, (flags & kSpreadFlag) != 0);
        }
        write_buckets(cell.buckets);
    }

    void write_units(const CellUnits& units, bool spread) {
        write_last(units);
        if (spread) {
            out_.signed_number(wrapping_sub(units.last, units.min));
            out_.signed_number(wrapping_sub(units.max, units.last));
            out_.signed_number(units.sum);
        }
    }

    void write_wide(const HistoryCell& cell) {
        out_.real(cell.last);
        out_.real(cell.min);
        out_.real(cell.max);
        const ExactSum::Parts& sum = cell.sum.parts();
        out_.signed_number(sum.whole);
        out_.signed_number(sum.nano);
        out_.real(sum.special);
        out_.number(sum.binary.size());
        for (const double part : sum.binary) {
            out_.real(part);
        }
    }

    void write_buckets(const std::vector<HistoryBucket>& buckets) {
        if (buckets.empty()) {
            return;
        }
        out_.number(buckets.size());
        std::int64_t key = 0;
        for (const HistoryBucket& bucket : buckets) {
            out_.signed_number(bucket.key - key);
            out_.number(bucket.n);
            key = bucket.key;
        }
    }

    ByteWriter& out_;
    BlockState& state_;
};

class CellReader {
public:
    CellReader(ByteReader& in, BlockState& state) : in_(in), state_(state) {}

    // False: not what a CellWriter wrote.
    bool read(HistoryCell& cell) {
        const std::uint64_t tag = in_.number();
        // The zigzag of 64 bits lost its highest one to the flag: times are smaller than that.
        const std::uint64_t zigzag = tag >> 1U;
        const auto change = static_cast<std::int64_t>((zigzag >> 1U) ^ (~(zigzag & 1U) + 1U));
        state_.pace_ms = wrapping_add(state_.pace_ms, change);
        state_.at_ms = wrapping_add(state_.at_ms, state_.pace_ms);
        cell.at_ms = state_.at_ms;
        if (cell.at_ms > kHistoryTimeLimit || cell.at_ms < -kHistoryTimeLimit) {
            return false;
        }
        if ((tag & 1U) == 0) {
            cell.samples = cell.n = 1;
            read_units(cell, false);
            return in_.good();
        }
        return read_rich(cell) && in_.good();
    }

private:
    bool read_rich(HistoryCell& cell) {
        const std::uint64_t flags = in_.number();
        cell.lost = (flags & kLostFlag) != 0 ? in_.number() : 0;
        cell.samples = (flags & kSamplesFlag) != 0 ? in_.number() : (cell.lost > 0 ? 0 : 1);
        cell.n = (flags & kCountFlag) != 0 ? in_.number() : cell.samples;
        if (cell.n > 0 && (flags & kWideFlag) != 0) {
            if (!read_wide(cell)) {
                return false;
            }
        } else if (cell.n > 0) {
            read_units(cell, (flags & kSpreadFlag) != 0);
        }
        const bool more = (flags & kBucketsFlag) != 0;
        return (flags & ~kKnownFlags) == 0 && (!more || read_buckets(cell.buckets));
    }

    void read_units(HistoryCell& cell, bool spread) {
        CellUnits units;
        state_.units = wrapping_add(state_.units, in_.signed_number());
        units.last = units.min = units.max = units.sum = state_.units;
        if (spread) {
            units.min = wrapping_sub(units.last, in_.signed_number());
            units.max = wrapping_add(units.last, in_.signed_number());
            units.sum = in_.signed_number();
        }
        cell.last = from_units(units.last, state_.decimals);
        cell.min = from_units(units.min, state_.decimals);
        cell.max = from_units(units.max, state_.decimals);
        cell.sum = sum_from_units(units.sum, state_.decimals);
    }

    bool read_wide(HistoryCell& cell) {
        cell.last = in_.real();
        cell.min = in_.real();
        cell.max = in_.real();
        ExactSum::Parts sum;
        sum.whole = in_.signed_number();
        sum.nano = in_.signed_number();
        sum.special = in_.real();
        const std::uint64_t parts = in_.number();
        if (parts > kMostParts) {
            return false;
        }
        for (std::uint64_t i = 0; i < parts; ++i) {
            sum.binary.push_back(in_.real());
        }
        return in_.good() && ExactSum::from_parts(std::move(sum), cell.sum);
    }

    bool read_buckets(std::vector<HistoryBucket>& buckets) {
        const std::uint64_t count = in_.number();
        if (count > in_.left() / 2) {  // each takes two bytes at least
            return false;
        }
        buckets.reserve(static_cast<std::size_t>(count));
        std::int64_t key = 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::int64_t before = key;
            key = wrapping_add(key, in_.signed_number());
            const bool rising = i == 0 || key > before;
            if (!rising || key != static_cast<std::int32_t>(key)) {
                return false;
            }
            buckets.push_back({static_cast<std::int32_t>(key), in_.number()});
        }
        return true;
    }

    ByteReader& in_;
    BlockState& state_;
};

constexpr std::int64_t kLongestStepMs = 24LL * 3600 * 1000;

Status read_block(std::string_view block, std::int64_t origin_ms, const auto& take) {
    ByteReader in(block);
    const std::uint64_t step = in.number();
    const std::uint64_t decimals = in.number();
    const std::uint64_t cells = in.number();
    if (!in.good() || step > kLongestStepMs || decimals > kMaxDecimals || cells > in.left()) {
        return corrupt("head of a block");
    }
    BlockState state;
    state.at_ms = origin_ms;
    state.decimals = static_cast<unsigned>(decimals);
    CellReader reader(in, state);
    for (std::uint64_t i = 0; i < cells; ++i) {
        HistoryCell cell;
        if (!reader.read(cell)) {
            return corrupt(fmt::format("cell {} of {}", i, cells));
        }
        cell.step_ms = static_cast<std::int64_t>(step);
        take(std::move(cell));
    }
    return in.at_end() ? Status() : Status(corrupt("bytes behind the last cell"));
}

}  // namespace

ChunkWriter::ChunkWriter(std::int64_t origin_ms) {
    chunk_.origin_ms = origin_ms;
}

void ChunkWriter::span(std::int64_t at_ms) {
    const bool first = chunk_.body.empty();
    chunk_.first_ms = first ? at_ms : std::min(chunk_.first_ms, at_ms);
    chunk_.last_ms = first ? at_ms : std::max(chunk_.last_ms, at_ms);
}

void ChunkWriter::add(const HistoryRun& run) {
    if (run.cells.empty()) {
        return;
    }
    span(run.cells.front().at_ms);
    chunk_.first_series = chunk_.body.empty() ? run.series : chunk_.first_series;
    chunk_.last_series = run.series;
    BlockState state;
    state.at_ms = chunk_.origin_ms;
    state.decimals = decimals_of(run.cells);
    block_.clear();
    ByteWriter block(block_);
    block.number(static_cast<std::uint64_t>(run.step_ms));
    block.number(state.decimals);
    block.number(run.cells.size());
    CellWriter writer(block, state);
    for (const HistoryCell& cell : run.cells) {
        writer.write(cell);
    }
    ByteWriter out(chunk_.body);
    out.number(run.series - std::exchange(series_, run.series));
    out.text(block_);
    span(run.cells.back().at_ms);
}

void ChunkWriter::add_event(std::int64_t at_ms, std::string_view bytes) {
    span(at_ms);
    ByteWriter out(chunk_.body);
    out.signed_number(at_ms - chunk_.origin_ms);
    out.text(bytes);
}

HistoryChunk ChunkWriter::take() {
    const std::int64_t origin = chunk_.origin_ms;
    HistoryChunk done = std::exchange(chunk_, HistoryChunk());
    chunk_.origin_ms = origin;
    series_ = 0;
    return done;
}

void ChunkSink::add(const HistoryRun& run) {
    events_ = false;
    writer_.add(run);
    cut_large();
}

void ChunkSink::add_event(std::int64_t at_ms, std::string_view bytes) {
    events_ = true;
    writer_.add_event(at_ms, bytes);
    cut_large();
}

void ChunkSink::cut() {
    if (!writer_.empty()) {
        done_.push_back({events_, writer_.take()});
    }
}

void ChunkSink::cut_large() {
    if (writer_.bytes() >= kChunkBytes) {
        cut();
    }
}

Status read_chunk(std::string_view body, std::int64_t origin_ms, const ChunkVisit& visit) {
    ByteReader in(body);
    std::uint64_t series = 0;
    while (!in.at_end()) {
        series += in.number();
        const std::string_view block = in.text();
        if (!in.good() || series > UINT32_MAX) {
            return corrupt("history: a block is cut off");
        }
        const auto id = static_cast<std::uint32_t>(series);
        if (!visit.wanted(id)) {
            continue;
        }
        const Status read = read_block(block, origin_ms, [&](HistoryCell cell) {
            visit.take(id, std::move(cell));
        });
        if (!read) {
            return read.error().during(fmt::format("history: series {}", id));
        }
    }
    return {};
}

Status read_events(
    std::string_view body,
    std::int64_t origin_ms,
    const std::function<void(std::int64_t at_ms, std::string_view bytes)>& take
) {
    ByteReader in(body);
    while (!in.at_end()) {
        const std::int64_t at = wrapping_add(origin_ms, in.signed_number());
        const std::string_view bytes = in.text();
        if (!in.good() || at > kHistoryTimeLimit || at < -kHistoryTimeLimit) {
            return corrupt("history: an event is cut off");
        }
        take(at, bytes);
    }
    return {};
}

}  // namespace cxedge::store
