// SPDX-License-Identifier: Apache-2.0
#include "agent/model/event.hpp"

#include <array>

namespace cxedge {

std::string_view to_string(Severity severity) {
    constexpr std::array<std::string_view, 5> kNames{
        "info", "warning", "minor", "major", "critical"};
    return kNames.at(static_cast<std::size_t>(severity));
}

std::string_view to_string(EventState state) {
    constexpr std::array<std::string_view, 4> kNames{"raise", "update", "clear", "ack"};
    return kNames.at(static_cast<std::size_t>(state));
}

}  // namespace cxedge
