// SPDX-License-Identifier: Apache-2.0
// Numbers and foreign texts as a person reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge::ctl {

// "3 person", "21.5 Cel", "0.25" for unit 1: UCUM's annotation braces are not for people.
std::string with_unit(double value, std::string_view unit);
// The unit alone, empty for 1.
std::string_view unit_text(std::string_view unit);
// "900 B", "1.2 MiB".
std::string human_bytes(std::uint64_t bytes);
// "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "4 d 3 h".
std::string human_duration(double seconds);

}  // namespace cxedge::ctl
