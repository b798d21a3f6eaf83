// SPDX-License-Identifier: Apache-2.0
#include "plugins/statsd/statsd_line.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace cxedge::plugins {
namespace {

// The part before `separator`; `text` keeps the part after it.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end) {
        return std::nullopt;
    }
    return number;
}

std::optional<StatsdType> type_of(std::string_view text) {
    if (text == "c") {
        return StatsdType::counter;
    }
    if (text == "g") {
        return StatsdType::gauge;
    }
    if (text == "ms") {
        return StatsdType::milliseconds;
    }
    if (text == "h" || text == "d") {
        return StatsdType::histogram;
    }
    return text == "s" ? std::optional(StatsdType::set) : std::nullopt;
}

bool read_rate(std::string_view text, StatsdLine& line) {
    const std::optional<double> rate = whole_number<double>(text);
    // !(rate > 0) also catches NaN.
    if (!rate || !(*rate > 0) || *rate > 1) {
        return false;
    }
    line.rate = *rate;
    return true;
}

bool read_time(std::string_view text, StatsdLine& line) {
    constexpr std::int64_t kYear9999 = 253'402'300'799;
    const std::optional<std::int64_t> seconds = whole_number<std::int64_t>(text);
    if (!seconds || *seconds <= 0 || *seconds > kYear9999) {
        return false;
    }
    line.unix_time = seconds;
    return true;
}

// One '|' section after the type.
bool read_section(std::string_view section, StatsdLine& line) {
    if (section.empty()) {
        return false;
    }
    const std::string_view rest = section.substr(1);
    switch (section.front()) {
        case '@':
            return read_rate(rest, line);
        case '#':
            line.tags = rest;
            return true;
        case 'T':
            return read_time(rest, line);
        default:
            // Origin fields of DogStatsD: "c:<container>", "e:<data>", "card:<level>".
            return section.substr(0, 2) == "c:" || section.substr(0, 2) == "e:" ||
                   section.substr(0, 5) == "card:";
    }
}

}  // namespace

std::optional<StatsdLine> parse_statsd_line(std::string_view line) {
    StatsdLine parsed;
    std::string_view rest = line;
    parsed.name = take_until(rest, ':');
    parsed.values = take_until(rest, '|');
    parsed.type_text = take_until(rest, '|');
    const std::optional<StatsdType> type = type_of(parsed.type_text);
    if (parsed.name.empty() || parsed.values.empty() || !type) {
        return std::nullopt;
    }
    parsed.type = *type;
    while (!rest.empty()) {
        if (!read_section(take_until(rest, '|'), parsed)) {
            return std::nullopt;
        }
    }
    return parsed;
}

bool next_value(std::string_view& values, std::string_view& value) {
    if (values.empty()) {
        return false;
    }
    value = take_until(values, ':');
    return true;
}

std::optional<StatsdNumber> parse_statsd_number(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    StatsdNumber number;
    number.is_signed = text.front() == '+' || text.front() == '-';
    if (text.front() == '+') {
        text.remove_prefix(1);
        if (text.empty() || text.front() == '-') {
            return std::nullopt;
        }
    }
    const std::optional<double> value = whole_number<double>(text);
    if (!value || !std::isfinite(*value)) {
        return std::nullopt;
    }
    number.value = *value;
    return number;
}

bool has_only_numbers(std::string_view values) {
    if (values.empty() || values.back() == ':') {
        return false;
    }
    std::string_view value;
    while (next_value(values, value)) {
        if (!parse_statsd_number(value)) {
            return false;
        }
    }
    return true;
}

StatsdTags split_tags(std::string_view tags) {
    StatsdTags split;
    while (!tags.empty()) {
        std::string_view tag = take_until(tags, ',');
        const bool has_value = tag.find(':') != std::string_view::npos;
        const std::string_view key = take_until(tag, ':');
        const bool is_new = std::none_of(split.begin(), split.end(), [&](const auto& known) {
            return known.first == key;
        });
        if (!key.empty() && is_new) {
            split.emplace_back(key, has_value ? tag : std::string_view("true"));
        }
    }
    return split;
}

bool next_line(std::string_view& packet, std::string_view& line) {
    while (!packet.empty()) {
        line = take_until(packet, '\n');
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        if (!line.empty()) {
            return true;
        }
    }
    return false;
}

}  // namespace cxedge::plugins
