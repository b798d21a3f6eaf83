// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/report.hpp"

namespace cxedge::test {

// One line for each thing that a report says, readings first: "store.door.open{door=d} d 1".
std::vector<std::string> report_lines(const devices::Report& report);
// Those of a message; or "error ...".
std::vector<std::string> parsed_lines(
    std::string_view format, std::string_view topic, std::string_view body
);

}  // namespace cxedge::test
