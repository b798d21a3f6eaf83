// SPDX-License-Identifier: Apache-2.0
// The StatsD line format. Pure and without allocation: views into the line that was given.
//   name:value[:value...]|type[|@rate][|#key:value,key...][|Tseconds]
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cxedge::plugins {

enum class StatsdType : std::uint8_t {
    counter,       // c
    gauge,         // g, with signs
    milliseconds,  // ms
    histogram,     // h, d
    set,           // s
};

struct StatsdLine {
    std::string_view name;
    std::string_view values;  // separated by ':', except of a set, which has one
    std::string_view type_text;
    std::string_view tags;  // after the '#'
    StatsdType type = StatsdType::counter;
    double rate = 1;                        // in (0, 1]
    std::optional<std::int64_t> unix_time;  // seconds
};

// None: not a StatsD line. Values are not looked at.
std::optional<StatsdLine> parse_statsd_line(std::string_view line);

// Takes the next value off `values`; false at the end.
bool next_value(std::string_view& values, std::string_view& value);

struct StatsdNumber {
    double value = 0;
    bool is_signed = false;  // had a '+' or '-': a change, if it is a gauge's
};
// Finite decimal numbers only.
std::optional<StatsdNumber> parse_statsd_number(std::string_view text);

// All values of a line that is no set are numbers.
bool has_only_numbers(std::string_view values);

// "k:v,k2" -> {k, v}, {k2, "true"}; the first of two equal keys wins, empty tags are skipped.
using StatsdTags = std::vector<std::pair<std::string_view, std::string_view>>;
StatsdTags split_tags(std::string_view tags);

// Takes the next line off a packet, without its line end and never empty; false at the end.
bool next_line(std::string_view& packet, std::string_view& line);

}  // namespace cxedge::plugins
