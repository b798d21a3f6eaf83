// SPDX-License-Identifier: Apache-2.0
// Values of one column after the other into the fields of a Block.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/wire/sample_groups.hpp"

namespace cx::v1 {
class Block;
}

namespace cxedge::wire {

// Decimals that make the column smallest: enough for most values; the others are escaped.
unsigned choose_decimals(const Cell* begin, const Cell* end);

// Writes `decimals` in its shortest form.
void write_decimals(const std::vector<unsigned>& decimals, cx::v1::Block& block);

// Appends cells in wire order.
class CellWriter {
public:
    explicit CellWriter(cx::v1::Block& block) : block_(block) {}
    // `running` is the column's last integer, 0 at first.
    void number(const Cell& cell, unsigned decimals, std::int64_t& running);
    // A cell of a histogram column: notes the loss, if it is one.
    void histogram(const Cell& cell);

private:
    void mark_lost();
    void escape(double value);

    cx::v1::Block& block_;
    std::uint32_t cell_ = 0;
    std::uint32_t last_escape_ = 0;
};

}  // namespace cxedge::wire
