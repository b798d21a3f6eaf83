// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/influx_line.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>

namespace cxedge::devices {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// Up to the first of `ends` that is neither escaped nor (of a field's value) in quotes. The word
// loses its escapes; `rest` then begins with what ended it.
std::string take_word(std::string_view& rest, std::string_view ends, bool quotes = false) {
    std::string word;
    bool quoted = false;
    std::size_t i = 0;
    for (; i < rest.size(); ++i) {
        const bool escapes = rest[i] == '\\' && i + 1 < rest.size();
        if (escapes && std::string_view(" ,=\"\\").find(rest[i + 1]) != std::string_view::npos) {
            word += rest[++i];
            continue;
        }
        quoted = quoted != (quotes && rest[i] == '"');
        if (!quoted && ends.find(rest[i]) != std::string_view::npos) {
            break;
        }
        word += rest[i];
    }
    rest.remove_prefix(i);
    return word;
}

bool take(std::string_view& rest, char expected) {
    const bool found = rest.starts_with(expected);
    rest.remove_prefix(found ? 1 : 0);
    return found;
}

void skip_blanks(std::string_view& rest) {
    while (take(rest, ' ')) {
    }
}

Status read_tags(std::string_view& rest, InfluxPoint& point) {
    while (take(rest, ',')) {
        Dimension tag;
        tag.key = take_word(rest, ",= ");
        if (tag.key.empty() || !take(rest, '=')) {
            return invalid_argument("a tag is not tag=value");
        }
        tag.value = take_word(rest, ", ");
        if (!tag.value.empty()) {
            point.tags.push_back(std::move(tag));
        }
    }
    return {};
}

bool is_text(std::string_view value) {
    return value.size() >= 2 && value.front() == '"' && value.back() == '"';
}

// "1.5", "2i", "3u", "t", "false"
std::optional<double> field_number(std::string_view value) {
    for (const std::string_view word : {"t", "T", "true", "True", "TRUE"}) {
        if (value == word) {
            return 1;
        }
    }
    for (const std::string_view word : {"f", "F", "false", "False", "FALSE"}) {
        if (value == word) {
            return 0;
        }
    }
    if (value.ends_with('i') || value.ends_with('u')) {
        value.remove_suffix(1);
    }
    if (value.starts_with('+') && !value.starts_with("+-")) {
        value.remove_prefix(1);
    }
    double number = 0;
    const char* const end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, number);
    const bool good = read.ec == std::errc{} && read.ptr == end && std::isfinite(number);
    return good ? std::optional(number) : std::nullopt;
}

Status read_fields(std::string_view& rest, InfluxPoint& point) {
    do {
        std::string name = take_word(rest, ",= ");
        if (name.empty() || !take(rest, '=')) {
            return invalid_argument("a field is not field=value");
        }
        const std::string value = take_word(rest, ", ", true);
        if (is_text(value)) {
            ++point.texts;
            continue;
        }
        const std::optional<double> number = field_number(value);
        if (!number) {
            return invalid_argument("a field is neither a number nor a text");
        }
        point.fields.emplace_back(std::move(name), *number);
    } while (take(rest, ','));
    return {};
}

Status read_time(std::string_view text, InfluxPoint& point) {
    std::int64_t ns = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, ns);
    if (read.ec != std::errc{} || read.ptr != end || ns <= 0) {
        return invalid_argument("time is not nanoseconds since 1970");
    }
    point.time_ms = ns / kNsPerMs;
    return {};
}

Status read_point(std::string_view rest, InfluxPoint& point) {
    point.measurement = take_word(rest, ", ");
    if (point.measurement.empty()) {
        return invalid_argument("a point has no measurement");
    }
    if (Status tags = read_tags(rest, point); !tags) {
        return tags;
    }
    skip_blanks(rest);
    if (Status fields = read_fields(rest, point); !fields) {
        return fields;
    }
    skip_blanks(rest);
    while (rest.ends_with(' ')) {
        rest.remove_suffix(1);
    }
    if (Status time = rest.empty() ? Status() : read_time(rest, point); !time) {
        return time;
    }
    return point.fields.empty() ? Status(invalid_argument("a point holds no number")) : Status();
}

}  // namespace

Result<InfluxPoint> parse_influx_line(std::string_view line) {
    InfluxPoint point;
    const Status read = read_point(line, point);
    return read ? Result<InfluxPoint>(std::move(point)) : Result<InfluxPoint>(read.error());
}

}  // namespace cxedge::devices
