// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/json.hpp"

#include <charconv>
#include <cmath>
#include <vector>

#include "plugins/_devices/plain_text.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr double kLargestCount = 9'007'199'254'740'992.0;  // 2^53

// Of one character outside of texts.
int depth_change(char c) {
    if (c == '{' || c == '[') {
        return 1;
    }
    return c == '}' || c == ']' ? -1 : 0;
}

// Behind the text that begins at `at`.
std::size_t end_of_text(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        at += text[at] == '\\' ? 1U : 0U;
    }
    return at;
}

// Looks at brackets outside of texts only; whether they match is the parser's business.
bool nested_too_deep(std::string_view text) {
    int depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        at = text[at] == '"' ? end_of_text(text, at) : at;
        depth += at < text.size() ? depth_change(text[at]) : 0;
        if (depth > kMaxNesting) {
            return true;
        }
    }
    return false;
}

bool holds_something(const Json& value) {
    const bool hollow = value.is_null() ||
                        (value.is_string() && value.get_ref<const std::string&>().empty()) ||
                        (value.is_structured() && value.empty());
    return !hollow;
}

// The lists and objects in a value; personal ones of its members are counted instead.
std::vector<const Json*> without_private(const Json& value, Report& report) {
    std::vector<const Json*> inside;
    for (const auto& [key, item] : value.items()) {
        // Items of a list have their number as key.
        const bool personal =
            value.is_object() &&
            count_personal(key, holds_something(item) ? 1 : 0, report.private_fields);
        if (!personal && item.is_structured()) {
            inside.push_back(&item);
        }
    }
    return inside;
}

}  // namespace

Result<Json> parse_json(std::string_view body) {
    const Result<PlainText> plain = PlainText::of(body);
    if (!plain) {
        return plain.error();
    }
    const std::string_view text = plain->text();
    if (nested_too_deep(text)) {
        return invalid_argument("JSON is nested too deep");
    }
    Json parsed = Json::parse(text.begin(), text.end(), nullptr, false);
    if (parsed.is_discarded()) {
        return invalid_argument("is not JSON");
    }
    return parsed;
}

const Json* member(const Json& object, std::string_view key) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(std::string(key));
    return found == object.end() ? nullptr : &*found;
}

const Json* member(const Json* object, std::string_view key) {
    return object == nullptr ? nullptr : member(*object, key);
}

const Json::array_t* list_of(const Json* value) {
    return value == nullptr ? nullptr : value->get_ptr<const Json::array_t*>();
}

std::optional<double> number_of(const Json* value) {
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_string()) {
        return parse_number(value->get_ref<const std::string&>());
    }
    if (!value->is_number()) {
        return std::nullopt;
    }
    const auto number = value->get<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> count_of(const Json* value) {
    const std::optional<double> number = number_of(value);
    const bool whole =
        number && *number >= 0 && *number <= kLargestCount && *number == std::floor(*number);
    return whole ? std::optional(static_cast<std::int64_t>(*number)) : std::nullopt;
}

std::string text_of(const Json* value) {
    if (value == nullptr) {
        return {};
    }
    if (value->is_string()) {
        return value->get<std::string>();
    }
    return value->is_number_integer() ? value->dump() : std::string();
}

std::optional<bool> flag_of(const Json* value) {
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_boolean()) {
        return value->get<bool>();
    }
    return parse_flag(text_of(value));
}

void note_private(const Json& message, Report& report) {
    std::vector<const Json*> open{&message};
    while (!open.empty()) {
        const Json& value = *open.back();
        open.pop_back();
        const std::vector<const Json*> inside = without_private(value, report);
        open.insert(open.end(), inside.begin(), inside.end());
    }
}

}  // namespace cxedge::devices
