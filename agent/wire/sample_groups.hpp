// SPDX-License-Identifier: Apache-2.0
// Sorts the samples of a batch into columns and finds the columns that share their times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/model/sample.hpp"

namespace cxedge::wire {

enum class CellKind : std::uint8_t { number, lost, histogram };

// A sample without its bulk, so that sorting and encoding run through the cache.
struct Cell {
    std::int64_t ms = 0;
    double value = 0;
    std::uint32_t sample = 0;  // index into the batch
    CellKind kind = CellKind::number;
    SampleTime::Base base = SampleTime::Base::boot;
};

// Consecutive samples of one series with one time base and one kind of value. A series that changes
// either has several; `round` counts them, and blocks go out in rounds, so that order within a
// series survives.
struct Column {
    std::uint32_t series = 0;
    std::uint32_t begin = 0;  // into cells()
    std::uint32_t end = 0;
    std::uint32_t round = 0;
    std::uint64_t times_hash = 0;
    SampleTime::Base base = SampleTime::Base::boot;
    bool histogram = false;

    [[nodiscard]] std::uint32_t rows() const { return end - begin; }
};

// Columns first .. last-1 have the same round, base, kind and times; ordered by series.
struct Group {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

// Keeps its buffers from batch to batch. Thread: one.
class SampleGroups {
public:
    void build(const std::vector<Sample>& samples);
    [[nodiscard]] const std::vector<Cell>& cells() const { return cells_; }
    [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
    // By round, then base, then kind.
    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

private:
    void sort_cells(const std::vector<Sample>& samples);
    void find_columns();
    [[nodiscard]] std::uint32_t end_of_column(std::uint32_t begin) const;
    void describe(Column& column) const;
    void find_groups();
    [[nodiscard]] bool same_times(const Column& a, const Column& b) const;

    std::vector<std::uint64_t>
        order_;                // series in the upper half, index of the sample in the lower
    std::vector<Cell> cells_;  // by series, then as added
    std::vector<Column> columns_;
    std::vector<Group> groups_;
};

}  // namespace cxedge::wire
