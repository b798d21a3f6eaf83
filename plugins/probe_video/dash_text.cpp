// SPDX-License-Identifier: Apache-2.0
// Durations and templates of DASH.
#include <algorithm>
#include <charconv>

#include "plugins/probe_video/dash_manifest.hpp"

namespace cxedge::plugins::video {
namespace {

constexpr double kNoDuration = -1;
constexpr double kLongestVideoS = 1e9;
constexpr std::size_t kWidestNumber = 20;

double seconds_of(char unit, bool time) {
    if (!time) {
        return unit == 'D' ? 86'400 : 0;
    }
    switch (unit) {
        case 'H':
            return 3'600;
        case 'M':
            return 60;
        default:
            return unit == 'S' ? 1 : 0;
    }
}

// "%05d" -> 5, "" -> 1; 0: neither.
std::size_t width_of(std::string_view format) {
    if (format.empty()) {
        return 1;
    }
    if (format.size() < 4 || !format.starts_with("%0") || format.back() != 'd') {
        return 0;
    }
    std::size_t width = 0;
    const char* const end = format.data() + format.size() - 1;
    const auto read = std::from_chars(format.data() + 2, end, width);
    return read.ec == std::errc{} && read.ptr == end && width <= kWidestNumber ? width : 0;
}

// What stands between two '$'.
Result<std::string> fill_identifier(std::string_view text, const TemplateValues& values) {
    const std::size_t percent = std::min(text.find('%'), text.size());
    const std::string_view name = text.substr(0, percent);
    if (name == "RepresentationID" && percent == text.size()) {
        return std::string(values.id);
    }
    const std::size_t width = width_of(text.substr(percent));
    const bool known = name == "Number" || name == "Time" || name == "Bandwidth";
    if (!known || width == 0) {
        return invalid_argument("an unknown identifier in a segment template");
    }
    const std::uint64_t value = name == "Number" ? values.number
                                : name == "Time" ? values.time
                                                 : values.bandwidth;
    std::string digits = std::to_string(value);
    digits.insert(0, width > digits.size() ? width - digits.size() : 0, '0');
    return digits;
}

}  // namespace

double iso_duration_s(std::string_view text) {
    if (!text.starts_with('P') || text.size() < 3) {
        return kNoDuration;
    }
    double total = 0;
    bool time = false;
    for (text.remove_prefix(1); !text.empty();) {
        if (text.front() == 'T' && !time) {
            time = true;
            text.remove_prefix(1);
            continue;
        }
        double value = 0;
        const auto read = std::from_chars(
            text.data(), text.data() + text.size(), value, std::chars_format::fixed
        );
        const auto used = static_cast<std::size_t>(read.ptr - text.data());
        if (read.ec != std::errc{} || used == text.size() || !(value >= 0)) {
            return kNoDuration;
        }
        const double unit = seconds_of(text[used], time);
        if (unit == 0 && value != 0) {
            return kNoDuration;
        }
        total += value * unit;
        text.remove_prefix(used + 1);
    }
    return total <= kLongestVideoS ? total : kNoDuration;
}

Result<std::string> fill_template(std::string_view pattern, const TemplateValues& values) {
    std::string out;
    while (!pattern.empty()) {
        const std::size_t begin = std::min(pattern.find('$'), pattern.size());
        out += pattern.substr(0, begin);
        pattern.remove_prefix(begin);
        if (pattern.empty()) {
            break;
        }
        const std::size_t end = pattern.find('$', 1);
        if (end == std::string_view::npos || out.size() > kLongestUrl) {
            return invalid_argument("a segment template with a single $");
        }
        const std::string_view name = pattern.substr(1, end - 1);
        Result<std::string> filled =
            name.empty() ? Result<std::string>("$") : fill_identifier(name, values);
        if (!filled) {
            return filled;
        }
        out += *filled;
        pattern.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace cxedge::plugins::video
