// SPDX-License-Identifier: Apache-2.0
// Lines of numbers that a program prints, in the form of kpi_socket or of Influx. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::plugins {

// Name or pattern (*, ?, [a-z]) = kind.
using KindsByName = std::vector<std::pair<std::string, std::string>>;

class ExecLines {
public:
    // `kind` where nothing in `kinds` fits a name.
    ExecLines(std::string kind, KindsByName kinds, bool is_influx);

    // A line of numbers gives readings, an empty one and a comment ("# ...") none.
    // invalid_argument: one short sentence; it never repeats the line.
    [[nodiscard]] Result<devices::Report> read(std::string_view line) const;

private:
    [[nodiscard]] Result<devices::Report> read_kpi(std::string_view line) const;
    [[nodiscard]] Result<devices::Report> read_influx(std::string_view line) const;
    // The name exactly, else the first pattern that fits.
    [[nodiscard]] Kind kind_of(const std::string& metric) const;

    std::string kind_;
    KindsByName kinds_;
    bool is_influx_;
};

}  // namespace cxedge::plugins
