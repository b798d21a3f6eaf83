// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/sample_groups.hpp"

#include <algorithm>
#include <tuple>

namespace cxedge::wire {
namespace {

Cell cell_of(const Sample& sample, std::uint32_t index) {
    Cell cell{sample.time.ms, 0, index, CellKind::number, sample.time.base};
    if (const double* number = std::get_if<double>(&sample.value)) {
        cell.value = *number;
    } else {
        cell.kind =
            std::holds_alternative<Lost>(sample.value) ? CellKind::lost : CellKind::histogram;
    }
    return cell;
}

std::uint64_t mix(std::uint64_t hash, std::int64_t ms) {
    hash = (hash ^ static_cast<std::uint64_t>(ms)) * 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 29U);
}

auto group_key(const Column& column) {
    return std::tuple(
        column.round, column.base, column.histogram, column.rows(), column.times_hash
    );
}

}  // namespace

void SampleGroups::build(const std::vector<Sample>& samples) {
    sort_cells(samples);
    find_columns();
    find_groups();
}

void SampleGroups::sort_cells(const std::vector<Sample>& samples) {
    order_.clear();
    cells_.clear();
    order_.reserve(samples.size());
    cells_.reserve(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        order_.push_back((static_cast<std::uint64_t>(index_of(samples[i].series)) << 32U) | i);
    }
    std::sort(order_.begin(), order_.end());
    for (const std::uint64_t key : order_) {
        const auto index = static_cast<std::uint32_t>(key);
        cells_.push_back(cell_of(samples[index], index));
    }
}

// A column ends where the series, the time base or the kind of value changes; a loss fits any kind.
std::uint32_t SampleGroups::end_of_column(std::uint32_t begin) const {
    CellKind kind = CellKind::lost;
    const std::uint64_t series = order_[begin] >> 32U;
    std::uint32_t at = begin;
    for (; at < cells_.size(); ++at) {
        const Cell& cell = cells_[at];
        const bool kinds_differ =
            kind != CellKind::lost && cell.kind != CellKind::lost && cell.kind != kind;
        if (order_[at] >> 32U != series || cell.base != cells_[begin].base || kinds_differ) {
            break;
        }
        kind = kind == CellKind::lost ? cell.kind : kind;
    }
    return at;
}

void SampleGroups::describe(Column& column) const {
    for (std::uint32_t at = column.begin; at < column.end; ++at) {
        column.times_hash = mix(column.times_hash, cells_[at].ms);
        column.histogram = column.histogram || cells_[at].kind == CellKind::histogram;
    }
}

void SampleGroups::find_columns() {
    columns_.clear();
    std::uint32_t begin = 0;
    while (begin < cells_.size()) {
        Column column;
        column.series = static_cast<std::uint32_t>(order_[begin] >> 32U);
        column.begin = begin;
        column.end = end_of_column(begin);
        column.base = cells_[begin].base;
        const bool again = !columns_.empty() && columns_.back().series == column.series;
        column.round = again ? columns_.back().round + 1 : 0;
        describe(column);
        begin = column.end;
        columns_.push_back(column);
    }
}

bool SampleGroups::same_times(const Column& a, const Column& b) const {
    return group_key(a) == group_key(b) &&
           std::equal(
               cells_.data() + a.begin,
               cells_.data() + a.end,
               cells_.data() + b.begin,
               [](const Cell& x, const Cell& y) { return x.ms == y.ms; }
           );
}

void SampleGroups::find_groups() {
    std::sort(columns_.begin(), columns_.end(), [](const Column& a, const Column& b) {
        return std::tuple_cat(group_key(a), std::tuple(a.series)) <
               std::tuple_cat(group_key(b), std::tuple(b.series));
    });
    groups_.clear();
    for (std::uint32_t at = 0; at < columns_.size(); ++at) {
        if (!groups_.empty() && same_times(columns_[groups_.back().first], columns_[at])) {
            ++groups_.back().last;
        } else {
            groups_.push_back({at, at + 1});
        }
    }
}

}  // namespace cxedge::wire
