// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/kpi_line.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace cxedge::devices {
namespace {

constexpr std::string_view kSpaces = " \t";

// Takes the next field off `rest`; empty at the end.
std::string_view take_field(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(kSpaces), rest.size()));
    const std::string_view field = rest.substr(0, rest.find_first_of(kSpaces));
    rest.remove_prefix(field.size());
    return field;
}

std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

Result<double> parse_value(std::string_view text) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
        text.remove_prefix(1);
    }
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc::result_out_of_range && read.ptr == end) {
        return invalid_argument("value is out of range");
    }
    if (read.ec != std::errc{} || read.ptr != end) {
        return invalid_argument("value is not a number");
    }
    if (!std::isfinite(value)) {
        return invalid_argument("value is not finite");
    }
    return value;
}

Result<std::int64_t> parse_time(std::string_view text) {
    std::int64_t time = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, time);
    if (read.ec != std::errc{} || read.ptr != end || time <= 0 || time > kMaxUnixMs) {
        return invalid_argument("time is not Unix milliseconds");
    }
    return time;
}

}  // namespace

Result<KpiLine> parse_kpi_line(std::string_view line) {
    KpiLine parsed;
    std::string_view rest = line;
    parsed.series = take_field(rest);
    const std::string_view value_text = take_field(rest);
    const std::string_view time_text = take_field(rest);
    if (parsed.series.empty()) {
        return invalid_argument("line is empty");
    }
    if (value_text.empty()) {
        return invalid_argument("no value after the name");
    }
    if (!take_field(rest).empty()) {
        return invalid_argument("more than name, value and time");
    }
    const Result<double> value = parse_value(value_text);
    if (!value) {
        return value.error();
    }
    parsed.value = *value;
    if (!time_text.empty()) {
        const Result<std::int64_t> time = parse_time(time_text);
        if (!time) {
            return time.error();
        }
        parsed.time_ms = *time;
    }
    return parsed;
}

Result<SeriesKey> parse_kpi_series(std::string_view text) {
    SeriesKey key;
    const bool has_dims = text.find(',') != std::string_view::npos;
    key.metric = take_until(text, ',');
    if (has_dims && (text.empty() || text.back() == ',')) {
        return invalid_argument("a dimension is missing after a comma");
    }
    while (!text.empty()) {
        std::string_view value = take_until(text, ',');
        const bool has_value = value.find('=') != std::string_view::npos;
        const std::string_view name = take_until(value, '=');
        if (!has_value || name.empty()) {
            return invalid_argument("a dimension is not dim=value");
        }
        key.dims.push_back({std::string(name), std::string(value)});
    }
    return key;
}

}  // namespace cxedge::devices
