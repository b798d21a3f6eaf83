// SPDX-License-Identifier: Apache-2.0
#include "agent/config/text_checks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "agent/base/local_time.hpp"
#include "agent/base/printable.hpp"
#include "agent/config/load.hpp"
#include "agent/model/series.hpp"

namespace cxedge::config {
namespace {

constexpr std::size_t kMaxTopicLevel = 64;
constexpr std::size_t kMaxUnit = 32;

bool is_word(std::string_view text, std::string_view extra) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

std::string check_word(
    const std::string& text, std::string_view extra, std::size_t longest, std::string_view allowed
) {
    if (text.empty()) {
        return "is empty";
    }
    if (text.size() > longest) {
        return fmt::format("is longer than {} characters", longest);
    }
    if (!is_word(text, extra)) {
        return fmt::format("\"{}\" may hold only {}", text, allowed);
    }
    return "";
}

bool is_printable_ascii(char c) {
    return c > ' ' && c < 0x7f;
}

// {..} holds an annotation and [..] a special symbol: closed, not nested, not empty.
bool brackets_fit(std::string_view text) {
    while (true) {
        const std::size_t open = text.find_first_of("{}[]");
        if (open == std::string_view::npos) {
            return true;
        }
        const std::size_t close = text.find_first_of("{}[]", open + 1);
        const char expected = text[open] == '{' ? '}' : text[open] == '[' ? ']' : '\0';
        const bool closed = close != std::string_view::npos && text[close] == expected;
        if (!closed || close == open + 1) {
            return false;
        }
        text.remove_prefix(close + 1);
    }
}

using Spelling = std::pair<std::string_view, std::string_view>;
constexpr std::array<Spelling, 24> kMisspellings{{
    {"sec", "s"},     {"secs", "s"},      {"second", "s"},        {"seconds", "s"},
    {"msec", "ms"},   {"millis", "ms"},   {"milliseconds", "ms"}, {"minutes", "min"},
    {"hours", "h"},   {"byte", "By"},     {"bytes", "By"},        {"B", "By"},
    {"percent", "%"}, {"ratio", "1"},     {"count", "1"},         {"none", "1"},
    {"ppm", "[ppm]"}, {"celsius", "Cel"}, {"degC", "Cel"},        {"\u00b0C", "Cel"},
    {"hz", "Hz"},     {"bps", "bit/s"},   {"person", "{person}"}, {"people", "{person}"},
}};

}  // namespace

std::string check_name(const std::string& text) {
    return check_word(text, "._-", kMaxTopicLevel, "letters, digits and ._-");
}

std::string check_optional_name(const std::string& text) {
    return text.empty() ? "" : check_name(text);
}

std::string check_metric(const std::string& text) {
    return check_word(text, "._/-", kMaxNameLength, "letters, digits and ._/-");
}

std::string check_metric_glob(const std::string& text) {
    if (text.empty()) {
        return "is empty: name a metric, or write \"*\" for all of them";
    }
    return check_word(text, "._/-*", kMaxNameLength, "letters, digits, ._/- and *");
}

std::string check_unit(const std::string& text) {
    const auto* spelling = std::find_if(kMisspellings.begin(), kMisspellings.end(), [&](auto& it) {
        return it.first == text;
    });
    if (spelling != kMisspellings.end()) {
        return fmt::format(
            "\"{}\" is not a UCUM unit; did you mean \"{}\"?", text, spelling->second
        );
    }
    const bool formed = !text.empty() && text.size() <= kMaxUnit &&
                        std::all_of(text.begin(), text.end(), is_printable_ascii) &&
                        brackets_fit(text);
    return formed ? ""
                  : fmt::format("\"{}\" is not a UCUM unit, like \"s\" or \"{{person}}\"", text);
}

std::string check_dimension_value(const std::string& text) {
    const bool printable = std::none_of(text.begin(), text.end(), is_control);
    if (text.empty() || text.size() > kMaxDimensionLength || !printable) {
        return fmt::format("needs 1 to {} bytes without control characters", kMaxDimensionLength);
    }
    return "";
}

std::string check_optional_path(const std::string& text) {
    if (text.empty() || text.front() == '/') {
        return "";
    }
    return fmt::format("\"{}\" is not an absolute path", text);
}

std::string check_broker(const std::string& text) {
    const Result<BrokerUrl> url = parse_broker_url(text);
    return url.ok() ? "" : url.error().message;
}

std::string check_public_key(const std::string& text) {
    constexpr std::string_view kPrefix = "ed25519:";
    constexpr std::size_t kDigits = 64;
    const bool formed =
        text.size() == kPrefix.size() + kDigits && text.starts_with(kPrefix) &&
        text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string::npos;
    return formed ? "" : fmt::format("\"{}\" is not \"ed25519:\" and 64 digits 0-9a-f", text);
}

std::string check_time_of_day(const std::string& text) {
    const auto time = parse_time_of_day(text);
    return time ? "" : time.error().message;
}

}  // namespace cxedge::config
