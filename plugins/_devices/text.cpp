// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "agent/base/fnv.hpp"

namespace cxedge::devices {
namespace {

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

template <std::size_t N>
bool one_of(std::string_view text, const std::string_view (&list)[N]) {
    return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

std::optional<char> hex_pair(std::string_view digits) {
    unsigned value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool whole =
        digits.size() == 2 && read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
    return whole ? std::optional(static_cast<char>(value)) : std::nullopt;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::optional<double> parse_number(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    const bool begins_well =
        !text.empty() && (text[0] == '-' || text[0] == '.' || (text[0] >= '0' && text[0] <= '9'));
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    const bool good =
        begins_well && error == std::errc() && stopped == end && std::isfinite(number);
    return good ? std::optional(number) : std::nullopt;
}

std::optional<bool> parse_flag(std::string_view text) {
    static constexpr std::string_view kYes[] = {"true", "on", "open", "yes", "1", "active"};
    static constexpr std::string_view kNo[] = {"false", "off", "closed", "no", "0", "inactive"};
    const std::string word = lower(trimmed(text));
    if (one_of(word, kYes)) {
        return true;
    }
    return one_of(word, kNo) ? std::optional(false) : std::nullopt;
}

FormPair take_form_pair(std::string_view& form) {
    const std::string_view pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(pair.size() + 1, form.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    return {pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size()))};
}

std::optional<std::string> form_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const std::optional<char> c = hex_pair(text.substr(i + 1, 2));
        if (!c) {
            return std::nullopt;
        }
        out += *c;
        i += 2;
    }
    return out;
}

std::uint64_t key_of(std::string_view text) {
    const std::uint64_t hash = fnv1a(text);
    return hash == 0 ? 1 : hash;
}

}  // namespace cxedge::devices
