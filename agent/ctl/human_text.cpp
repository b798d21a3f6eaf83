// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/human_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace cxedge::ctl {

std::string_view unit_text(std::string_view unit) {
    if (unit == "1") {
        return {};
    }
    const bool annotated = unit.size() > 2 && unit.front() == '{' && unit.back() == '}';
    return annotated ? unit.substr(1, unit.size() - 2) : unit;
}

std::string with_unit(double value, std::string_view unit) {
    const std::string_view suffix = unit_text(unit);
    return fmt::format("{:.10g}{}{}", value, suffix.empty() ? "" : " ", suffix);
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        return fmt::format("{} B", bytes);
    }
    double size = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (size >= 1024 && unit + 1 < kUnits.size()) {
        size /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string human_duration(double seconds) {
    if (!(seconds >= 0) || seconds > 1e15) {
        return "?";
    }
    if (seconds < 10) {
        return fmt::format("{:.1f} s", seconds);
    }
    const auto whole = static_cast<std::uint64_t>(seconds);
    constexpr std::uint64_t kMinute = 60;
    constexpr std::uint64_t kHour = 60 * kMinute;
    constexpr std::uint64_t kDay = 24 * kHour;
    if (whole < kMinute) {
        return fmt::format("{} s", whole);
    }
    if (whole < kHour) {
        return fmt::format("{} min {} s", whole / kMinute, whole % kMinute);
    }
    if (whole < kDay) {
        return fmt::format("{} h {} min", whole / kHour, whole % kHour / kMinute);
    }
    return fmt::format("{} d {} h", whole / kDay, whole % kDay / kHour);
}

}  // namespace cxedge::ctl
