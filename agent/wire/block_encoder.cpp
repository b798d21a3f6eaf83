// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/block_encoder.hpp"

#include <algorithm>
#include <limits>

#include "agent/base/decimal.hpp"
#include "agent/wire/column_encoder.hpp"
#include "agent/wire/histogram_codec.hpp"

#include "cx.pb.h"

namespace cxedge::wire {
namespace {

// (gap, length) pairs of series ids that are strictly rising.
class RunWriter {
public:
    explicit RunWriter(cx::v1::Block& block) : block_(block) {}
    void add(std::uint32_t series) {
        if (length_ > 0 && series == end_) {
            ++length_;
        } else {
            finish();
            gap_ = series - end_;
            length_ = 1;
        }
        end_ = series + 1;
    }
    void finish() {
        if (length_ > 0) {
            block_.add_columns(gap_);
            block_.add_columns(length_);
        }
    }

private:
    cx::v1::Block& block_;
    std::uint32_t gap_ = 0;
    std::uint32_t length_ = 0;
    std::uint32_t end_ = 0;
};

}  // namespace

void BlockEncoder::encode(const std::vector<Sample>& samples, std::int64_t t0, cx::v1::Body& body) {
    samples_ = &samples;
    body_ = &body;
    t0_ = t0;
    groups_.build(samples);
    const auto& groups = groups_.groups();
    const auto& columns = groups_.columns();
    std::uint32_t first = 0;
    while (first < groups.size()) {
        const Column& head = columns[groups[first].first];
        std::uint32_t last = first + 1;
        while (last < groups.size() && columns[groups[last].first].round == head.round &&
               columns[groups[last].first].base == head.base) {
            ++last;
        }
        encode_alike(first, last);
        first = last;
    }
}

// Groups of one round and base: their order does not matter.
void BlockEncoder::encode_alike(std::uint32_t first_group, std::uint32_t last_group) {
    leftovers_.clear();
    for (std::uint32_t i = first_group; i < last_group; ++i) {
        const Group& group = groups_.groups()[i];
        if (deserves_grid(group)) {
            encode_grid(group);
        } else {
            leftovers_.push_back(group);
        }
    }
    if (leftovers_.size() == 1) {
        encode_grid(leftovers_.front());
    } else if (!leftovers_.empty()) {
        encode_scattered();
    }
}

// Measured: a block costs about 12 bytes and 2 for each irregular row; a scattered cell costs about
// 2.5 (who and when) where a grid cell costs nothing.
bool BlockEncoder::deserves_grid(const Group& group) const {
    const Column& head = groups_.columns()[group.first];
    const std::uint64_t rows = head.rows();
    const std::uint64_t cells = rows * (group.last - group.first);
    return head.histogram || 2 * (12 + (is_regular(head) ? 2 : 2 * rows)) <= 5 * cells;
}

// One step between all rows, and one that fits step_ms.
bool BlockEncoder::is_regular(const Column& column) const {
    if (column.rows() < 2) {
        return true;
    }
    const Cell* cells = groups_.cells().data() + column.begin;
    const std::int64_t step = wrapping_sub(cells[1].ms, cells[0].ms);
    if (step <= 0 || step > std::numeric_limits<std::uint32_t>::max()) {
        return false;
    }
    return std::adjacent_find(cells, cells + column.rows(), [&](const Cell& a, const Cell& b) {
               return wrapping_sub(b.ms, a.ms) != step;
           }) == cells + column.rows();
}

std::int64_t BlockEncoder::relative(const Cell& cell) const {
    return cell.base == SampleTime::Base::wall ? cell.ms : wrapping_sub(cell.ms, t0_);
}

void BlockEncoder::encode_times(const Column& column, cx::v1::Block& block) const {
    const Cell* cells = groups_.cells().data() + column.begin;
    block.set_t(relative(cells[0]));
    block.set_device_time(column.base == SampleTime::Base::wall);
    if (column.rows() < 2) {
        return;
    }
    block.set_rows(column.rows());
    if (is_regular(column)) {
        block.set_step_ms(static_cast<std::uint32_t>(wrapping_sub(cells[1].ms, cells[0].ms)));
        return;
    }
    block.mutable_dod()->Reserve(static_cast<int>(column.rows() - 1));
    std::int64_t last_step = 0;
    for (std::uint32_t row = 1; row < column.rows(); ++row) {
        const std::int64_t step = wrapping_sub(cells[row].ms, cells[row - 1].ms);
        block.add_dod(wrapping_sub(step, last_step));
        last_step = step;
    }
}

void BlockEncoder::encode_grid(const Group& group) {
    cx::v1::Block& block = *body_->add_block();
    RunWriter runs(block);
    for (std::uint32_t i = group.first; i < group.last; ++i) {
        runs.add(groups_.columns()[i].series);
    }
    runs.finish();
    const Column& head = groups_.columns()[group.first];
    encode_times(head, block);
    if (head.histogram) {
        encode_histograms(group, block);
    } else {
        encode_numbers(group, block);
    }
}

void BlockEncoder::encode_numbers(const Group& group, cx::v1::Block& block) {
    const Column* columns = groups_.columns().data();
    const Cell* cells = groups_.cells().data();
    block.mutable_v()->Reserve(
        static_cast<int>(columns[group.first].rows() * (group.last - group.first))
    );
    decimals_.clear();
    CellWriter writer(block);
    for (std::uint32_t i = group.first; i < group.last; ++i) {
        decimals_.push_back(choose_decimals(cells + columns[i].begin, cells + columns[i].end));
        std::int64_t running = 0;
        for (std::uint32_t at = columns[i].begin; at < columns[i].end; ++at) {
            writer.number(cells[at], decimals_.back(), running);
        }
    }
    write_decimals(decimals_, block);
}

void BlockEncoder::encode_histograms(const Group& group, cx::v1::Block& block) const {
    CellWriter writer(block);
    for (std::uint32_t i = group.first; i < group.last; ++i) {
        const Column& column = groups_.columns()[i];
        for (std::uint32_t at = column.begin; at < column.end; ++at) {
            const Cell& cell = groups_.cells()[at];
            writer.histogram(cell);
            add_histogram(cell, block);
        }
    }
}

void BlockEncoder::add_histogram(const Cell& cell, cx::v1::Block& block) const {
    if (cell.kind == CellKind::histogram) {
        encode_histogram(std::get<Histogram>((*samples_)[cell.sample].value), *block.add_hist());
    }
}

// Gathers the columns of the leftovers by series, and their cells in order of arrival.
void BlockEncoder::collect_scattered() {
    columns_.clear();
    scattered_.clear();
    decimals_.clear();
    for (const Group& group : leftovers_) {
        for (std::uint32_t i = group.first; i < group.last; ++i) {
            columns_.push_back(&groups_.columns()[i]);
        }
    }
    std::sort(columns_.begin(), columns_.end(), [](const Column* a, const Column* b) {
        return a->series < b->series;
    });
    const Cell* cells = groups_.cells().data();
    for (std::uint32_t i = 0; i < columns_.size(); ++i) {
        const Column& column = *columns_[i];
        decimals_.push_back(choose_decimals(cells + column.begin, cells + column.end));
        for (std::uint32_t at = column.begin; at < column.end; ++at) {
            scattered_.push_back({cells[at].sample, at, i});
        }
    }
    std::sort(
        scattered_.begin(),
        scattered_.end(),
        [](const ScatteredCell& a, const ScatteredCell& b) { return a.sample < b.sample; }
    );
}

void BlockEncoder::encode_scattered() {
    collect_scattered();
    cx::v1::Block& block = *body_->add_block();
    RunWriter runs(block);
    for (const Column* column : columns_) {
        runs.add(column->series);
    }
    runs.finish();
    write_decimals(decimals_, block);

    const std::vector<Cell>& cells = groups_.cells();
    const Cell& head = cells[scattered_.front().cell];
    block.set_t(relative(head));
    block.set_device_time(head.base == SampleTime::Base::wall);
    running_.assign(columns_.size(), 0);
    CellWriter writer(block);
    const auto count = static_cast<std::uint32_t>(columns_.size());
    std::uint32_t last_column = count - 1;
    std::int64_t last_ms = head.ms;
    for (const ScatteredCell& at : scattered_) {
        const Cell& cell = cells[at.cell];
        block.add_who((at.column + count - 1 - last_column) % count);
        if (&cell != &head) {
            block.add_dod(wrapping_sub(cell.ms, last_ms));
        }
        writer.number(cell, decimals_[at.column], running_[at.column]);
        last_column = at.column;
        last_ms = cell.ms;
    }
}

}  // namespace cxedge::wire
