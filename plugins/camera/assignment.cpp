// SPDX-License-Identifier: Apache-2.0
#include "plugins/camera/assignment.hpp"

#include <algorithm>
#include <limits>

namespace cxedge::camera {
namespace {

// Shortest augmenting paths with potentials. Rows and columns count from 1; 0 is the root.
class Hungarian {
public:
    explicit Hungarian(const CostMatrix& costs)
        : costs_(costs),
          row_potential_(costs.rows + 1),
          column_potential_(costs.columns + 1),
          row_of_(costs.columns + 1),
          previous_(costs.columns + 1) {}

    // row_of[c]: the row that has column c, 0 = none.
    const std::vector<std::size_t>& solve() {
        for (std::size_t row = 1; row <= costs_.rows; ++row) {
            augment(row);
        }
        return row_of_;
    }

private:
    const CostMatrix& costs_;
    std::vector<double> row_potential_;
    std::vector<double> column_potential_;
    std::vector<std::size_t> row_of_;
    std::vector<std::size_t> previous_;

    void augment(std::size_t row) {
        row_of_[0] = row;
        std::size_t column = 0;
        std::vector<double> slack(costs_.columns + 1, std::numeric_limits<double>::infinity());
        std::vector<bool> used(costs_.columns + 1);
        do {
            used[column] = true;
            relax(column, slack, used);
            const std::size_t next = tightest(slack, used);
            shift(slack[next], slack, used);
            column = next;
        } while (row_of_[column] != 0);
        while (column != 0) {
            row_of_[column] = row_of_[previous_[column]];
            column = previous_[column];
        }
    }

    void relax(std::size_t from, std::vector<double>& slack, const std::vector<bool>& used) {
        const std::size_t row = row_of_[from];
        for (std::size_t column = 1; column <= costs_.columns; ++column) {
            const double reduced =
                costs_.at(row - 1, column - 1) - row_potential_[row] - column_potential_[column];
            if (!used[column] && reduced < slack[column]) {
                slack[column] = reduced;
                previous_[column] = from;
            }
        }
    }

    [[nodiscard]] std::size_t tightest(
        const std::vector<double>& slack, const std::vector<bool>& used
    ) const {
        std::size_t best = 0;
        for (std::size_t column = 1; column <= costs_.columns; ++column) {
            if (!used[column] && (best == 0 || slack[column] < slack[best])) {
                best = column;
            }
        }
        return best;
    }

    void shift(double by, std::vector<double>& slack, const std::vector<bool>& used) {
        for (std::size_t column = 0; column <= costs_.columns; ++column) {
            if (used[column]) {
                row_potential_[row_of_[column]] += by;
                column_potential_[column] -= by;
            } else {
                slack[column] -= by;
            }
        }
    }
};

}  // namespace

std::vector<int> assign(const CostMatrix& costs, double forbidden) {
    // Each row gets a private dummy column, so that it may stay without.
    CostMatrix padded(costs.rows, costs.columns + costs.rows, forbidden);
    for (std::size_t row = 0; row < costs.rows; ++row) {
        for (std::size_t column = 0; column < costs.columns; ++column) {
            padded.at(row, column) = std::min(costs.at(row, column), 2 * forbidden);
        }
    }
    Hungarian hungarian(padded);
    const std::vector<std::size_t>& row_of = hungarian.solve();
    std::vector<int> result(costs.rows, kUnassigned);
    for (std::size_t column = 1; column <= costs.columns; ++column) {
        const std::size_t row = row_of[column];
        if (row != 0 && costs.at(row - 1, column - 1) < forbidden) {
            result[row - 1] = static_cast<int>(column - 1);
        }
    }
    return result;
}

}  // namespace cxedge::camera
