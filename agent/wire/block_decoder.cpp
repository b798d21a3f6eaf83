// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/block_decoder.hpp"

#include <fmt/core.h>

#include "agent/base/decimal.hpp"
#include "agent/wire/fields.hpp"
#include "agent/wire/histogram_codec.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

std::size_t size_of(int count) {
    return static_cast<std::size_t>(count);
}

class BlockDecoder {
public:
    BlockDecoder(const cx::v1::Block& block, BlockContext& context, std::vector<Sample>& out)
        : block_(block), context_(context), out_(out) {}

    Status run() {
        using Step = Status (BlockDecoder::*)();
        for (const Step step :
             {&BlockDecoder::read_columns,
              &BlockDecoder::read_shape,
              &BlockDecoder::read_owners,
              &BlockDecoder::read_times,
              &BlockDecoder::read_lost,
              &BlockDecoder::read_values}) {
            if (Status done = (this->*step)(); !done) {
                return done;
            }
        }
        context_.samples_left -= cells_;
        return {};
    }

private:
    [[nodiscard]] bool scattered() const { return block_.who_size() > 0; }
    [[nodiscard]] bool lost(std::size_t cell) const {
        const std::string& bitmap = block_.lost();
        const auto byte =
            cell / 8 < bitmap.size() ? static_cast<std::uint8_t>(bitmap[cell / 8]) : 0U;
        return ((byte >> (cell % 8)) & 1U) != 0;
    }

    Status read_columns();
    Status read_shape();
    Status read_owners();
    Status read_times();
    Status read_grid_times();
    Status read_lost();
    Status read_values();
    Status read_numbers();
    Status read_decimals();
    Status read_escapes();
    Status read_histograms();
    void emit(std::size_t cell, SampleValue value);

    const cx::v1::Block& block_;
    BlockContext& context_;
    std::vector<Sample>& out_;
    std::vector<std::uint32_t> columns_;  // series ids
    std::vector<std::uint32_t> owners_;   // column of each cell; scattered only
    std::vector<std::int64_t> times_;     // of each row; scattered: of each cell
    std::vector<unsigned> decimals_;      // of each column
    std::size_t rows_ = 1;
    std::size_t cells_ = 0;
    std::size_t lost_cells_ = 0;
};

Status BlockDecoder::read_columns() {
    const auto& runs = block_.columns();
    if (runs.empty() || runs.size() % 2 != 0) {
        return corrupt(fmt::format("columns: {} numbers are not pairs", runs.size()));
    }
    std::uint64_t next = 0;
    for (int i = 0; i < runs.size(); i += 2) {
        const std::uint64_t begin = next + runs.Get(i);
        next = begin + runs.Get(i + 1);
        if (next == begin || next > context_.dict_size) {
            return corrupt(
                fmt::format("columns: series {} to {} of {}", begin, next, context_.dict_size)
            );
        }
        if (columns_.size() + (next - begin) > context_.samples_left) {
            return corrupt("columns: too many samples in this body");
        }
        for (std::uint64_t id = begin; id < next; ++id) {
            columns_.push_back(static_cast<std::uint32_t>(id));
        }
    }
    return {};
}

Status BlockDecoder::read_shape() {
    if (scattered() && (block_.hist_size() > 0 || block_.rows() != 0 || block_.step_ms() != 0)) {
        return corrupt("who: a scattered block has no rows, step_ms or hist");
    }
    rows_ = scattered() || block_.rows() == 0 ? 1 : block_.rows();
    // Both factors are below 2^32.
    const std::uint64_t cells =
        scattered() ? size_of(block_.who_size()) : std::uint64_t{rows_} * columns_.size();
    if (cells > context_.samples_left) {
        return corrupt(fmt::format("rows: {} cells are too many samples in this body", cells));
    }
    cells_ = static_cast<std::size_t>(cells);
    return {};
}

Status BlockDecoder::read_owners() {
    const std::size_t count = columns_.size();
    std::size_t last = count - 1;
    for (const std::uint32_t gap : block_.who()) {
        if (gap >= count) {
            return corrupt(fmt::format("who: {} of {} columns", gap, count));
        }
        last = (last + 1 + gap) % count;
        owners_.push_back(static_cast<std::uint32_t>(last));
    }
    return {};
}

Status BlockDecoder::read_times() {
    const std::int64_t base = block_.device_time() ? 0 : context_.t0.ms;
    times_.push_back(wrapping_add(base, block_.t()));
    if (!scattered()) {
        return read_grid_times();
    }
    if (size_of(block_.dod_size()) != cells_ - 1) {
        return corrupt(fmt::format("dod: {} deltas for {} cells", block_.dod_size(), cells_));
    }
    for (const std::int64_t delta : block_.dod()) {
        times_.push_back(wrapping_add(times_.back(), delta));
    }
    return {};
}

Status BlockDecoder::read_grid_times() {
    const bool regular = block_.step_ms() != 0;
    const std::size_t deltas = regular ? 0 : rows_ - 1;
    if (size_of(block_.dod_size()) != deltas) {
        return corrupt(fmt::format("dod: {} deltas for {} rows", block_.dod_size(), rows_));
    }
    std::int64_t step = block_.step_ms();
    for (std::size_t row = 1; row < rows_; ++row) {
        step = regular ? step : wrapping_add(step, block_.dod(static_cast<int>(row - 1)));
        times_.push_back(wrapping_add(times_.back(), step));
    }
    return {};
}

Status BlockDecoder::read_lost() {
    if (block_.lost().size() > (cells_ + 7) / 8) {
        return corrupt(fmt::format("lost: {} bytes for {} cells", block_.lost().size(), cells_));
    }
    for (std::size_t cell = 0; cell < block_.lost().size() * 8; ++cell) {
        if (lost(cell) && cell >= cells_) {
            return corrupt(fmt::format("lost: cell {} of {}", cell, cells_));
        }
        lost_cells_ += lost(cell) ? 1U : 0U;
    }
    return {};
}

Status BlockDecoder::read_values() {
    return block_.hist_size() > 0 ? read_histograms() : read_numbers();
}

Status BlockDecoder::read_decimals() {
    const auto& given = block_.decimals();
    const std::size_t count = size_of(given.size());
    if (count > 1 && count != columns_.size()) {
        return corrupt(fmt::format("decimals: {} for {} columns", count, columns_.size()));
    }
    for (const std::uint32_t decimals : given) {
        if (decimals > kMaxDecimals) {
            return corrupt(fmt::format("decimals: {} is more than {}", decimals, kMaxDecimals));
        }
    }
    decimals_.assign(columns_.size(), given.empty() ? 0 : given.Get(0));
    if (count > 1) {
        decimals_.assign(given.begin(), given.end());
    }
    return {};
}

Status BlockDecoder::read_numbers() {
    if (size_of(block_.v_size()) != cells_) {
        return corrupt(fmt::format("v: {} integers for {} cells", block_.v_size(), cells_));
    }
    if (Status done = read_decimals(); !done) {
        return done;
    }
    std::vector<std::int64_t> running(columns_.size(), 0);
    for (std::size_t cell = 0; cell < cells_; ++cell) {
        const std::size_t column = scattered() ? owners_[cell] : cell / rows_;
        running[column] = wrapping_add(running[column], block_.v(static_cast<int>(cell)));
        if (lost(cell)) {
            emit(cell, Lost{});
        } else {
            emit(cell, from_units(running[column], decimals_[column]));
        }
    }
    return read_escapes();
}

// Puts the escaped values over what was emitted for their cells.
Status BlockDecoder::read_escapes() {
    if (block_.esc_size() != block_.esc_at_size()) {
        return corrupt(
            fmt::format("esc: {} values for {} cells", block_.esc_size(), block_.esc_at_size())
        );
    }
    std::uint64_t cell = 0;
    for (int i = 0; i < block_.esc_size(); ++i) {
        cell += block_.esc_at(i);
        const auto at = static_cast<std::size_t>(cell);
        if (cell >= cells_ || lost(at) || (i > 0 && block_.esc_at(i) == 0)) {
            return corrupt(
                fmt::format("esc_at: cell {} of {} is outside, lost or repeated", cell, cells_)
            );
        }
        out_[out_.size() - cells_ + at].value = block_.esc(i);
    }
    return {};
}

Status BlockDecoder::read_histograms() {
    if (block_.v_size() != 0 || block_.esc_size() != 0) {
        return corrupt("hist: a block of histograms has no v or esc");
    }
    if (size_of(block_.hist_size()) != cells_ - lost_cells_) {
        return corrupt(
            fmt::format("hist: {} for {} cells", block_.hist_size(), cells_ - lost_cells_)
        );
    }
    int next = 0;
    for (std::size_t cell = 0; cell < cells_; ++cell) {
        if (lost(cell)) {
            emit(cell, Lost{});
            continue;
        }
        Result<Histogram> histogram = decode_histogram(block_.hist(next++), context_.buckets_left);
        if (!histogram) {
            return histogram.error();
        }
        emit(cell, std::move(histogram).value());
    }
    return {};
}

void BlockDecoder::emit(std::size_t cell, SampleValue value) {
    const std::size_t column = scattered() ? owners_[cell] : cell / rows_;
    const std::size_t time = scattered() ? cell : cell % rows_;
    const auto base = block_.device_time() ? SampleTime::Base::wall : context_.t0.base;
    out_.push_back({SeriesId{columns_[column]}, {base, times_[time]}, std::move(value)});
}

// A two-byte histogram on the wire becomes an object of 200: counts them before any is built.
bool histograms_fit(std::string_view bytes, std::size_t samples_left) {
    FieldReader reader(bytes);
    Field field;
    std::size_t histograms = 0;
    while (reader.next(field)) {
        histograms += field.number == cx::v1::Block::kHistFieldNumber ? 1U : 0U;
    }
    return histograms <= samples_left;
}

}  // namespace

Status decode_block(std::string_view bytes, BlockContext& context, std::vector<Sample>& out) {
    if (!histograms_fit(bytes, context.samples_left)) {
        return corrupt("hist: too many samples in this body");
    }
    cx::v1::Block block;
    if (!block.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return corrupt("not a Block");
    }
    return BlockDecoder(block, context, out).run();
}

}  // namespace cxedge::wire
