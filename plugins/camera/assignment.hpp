// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace cxedge::camera {

// Costs of giving column c to row r; at or above `forbidden` = never.
struct CostMatrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<double> costs;  // row by row

    CostMatrix(std::size_t row_count, std::size_t column_count, double cost)
        : rows(row_count), columns(column_count), costs(row_count * column_count, cost) {}
    double& at(std::size_t row, std::size_t column) { return costs[row * columns + column]; }
    [[nodiscard]] double at(std::size_t row, std::size_t column) const {
        return costs[row * columns + column];
    }
};

inline constexpr int kUnassigned = -1;

// For each row its column, or kUnassigned: the assignment of least total cost, where leaving a row
// without a column costs `forbidden` (Hungarian method, O(n^3)).
std::vector<int> assign(const CostMatrix& costs, double forbidden);

}  // namespace cxedge::camera
