// SPDX-License-Identifier: Apache-2.0
// Comma-separated values (RFC 4180): quoted fields, any separator, any end of line. Pure. Thread:
// any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cxedge::devices {

struct CsvRow {
    std::size_t line = 0;  // in the text, from 1
    std::vector<std::string> cells;
    bool operator==(const CsvRow&) const = default;
};

struct CsvTable {
    std::vector<CsvRow> rows;            // without empty lines
    std::vector<std::size_t> bad_lines;  // a quote that does not end, or text after one
};

CsvTable parse_csv(std::string_view text, char separator);

}  // namespace cxedge::devices
