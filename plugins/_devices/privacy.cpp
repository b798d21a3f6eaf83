// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/privacy.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

struct Word {
    std::string_view word;
    std::string_view kind;
};

constexpr Word kWords[] = {
    {"mac", "mac"},           {"bssid", "mac"},
    {"bluetooth", "mac"},     {"imei", "identity"},
    {"imsi", "identity"},     {"plate", "plate"},
    {"licence", "plate"},     {"license", "plate"},
    {"lpr", "plate"},         {"anpr", "plate"},
    {"face", "face"},         {"faces", "face"},
    {"facial", "face"},       {"gender", "gender"},
    {"sex", "gender"},        {"male", "gender"},
    {"female", "gender"},     {"age", "age"},
    {"ages", "age"},          {"birth", "age"},
    {"birthday", "age"},      {"child", ""},
    {"emotion", "face"},      {"expression", "face"},
    {"mask", "face"},         {"glasses", "face"},
    {"beard", "face"},        {"ethnicity", "face"},
    {"name", "name"},         {"firstname", "name"},
    {"lastname", "name"},     {"surname", "name"},
    {"fullname", "name"},     {"username", "name"},
    {"nickname", "name"},     {"phone", "identity"},
    {"email", "identity"},    {"mail", "identity"},
    {"badge", "identity"},    {"card", "identity"},
    {"customer", "identity"}, {"visitor", "identity"},
    {"person", "identity"},   {"employee", "identity"},
    {"passport", "identity"}, {"ssn", "identity"},
    {"picture", "picture"},   {"image", "picture"},
    {"photo", "picture"},     {"snapshot", "picture"},
    {"jpeg", "picture"},      {"thumbnail", "picture"},
    {"plates", "plate"},      {"names", "name"},
    {"images", "picture"},    {"pictures", "picture"},
    {"genders", "gender"},    {"masks", "face"},
};

// Before them "name" is what a thing is called, not a person.
constexpr std::string_view kThings[] = {
    "device",   "sensor",   "channel", "line",     "zone",    "rule",        "event",   "model",
    "firmware", "site",     "group",   "queue",    "region",  "file",        "host",    "domain",
    "camera",   "logic",    "area",    "counter",  "metric",  "field",       "object",  "product",
    "type",     "service",  "unit",    "door",     "store",   "task",        "scene",   "port",
    "network",  "ssid",     "time",    "element",  "topic",   "friendly",    "display", "logics",
    "desk",     "api",      "side",    "geometry", "profile", "application", "tenant",  "gateway",
    "scenario", "location", "layer"};

// Of a person only together with what follows: "person_count" is a number of people.
constexpr std::string_view kCounts[] = {
    "count",   "counts", "counter",    "counting", "number",    "num",       "total",
    "queue",   "in",     "out",        "max",      "min",       "limit",     "alarm",
    "flow",    "stats",  "statistics", "density",  "detection", "capacity",  "present",
    "waiting", "left",   "enter",      "exit",     "time",      "avg",       "sum",
    "format",  "type",   "width",      "height",   "size",      "resolution"};

// A number of them is a count; that of a phone or a card is an identity.
constexpr std::string_view kPeople[] = {"person", "visitor", "customer", "employee"};

// "customerName" -> customer, name; "plate_no" -> plate, no; "MACAddress" -> mac, address.
std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) {
            words.push_back(lower(word));
        }
        word.clear();
    };
    const auto is_upper = [](char c) {
        return c >= 'A' && c <= 'Z';
    };
    const auto is_lower = [](char c) {
        return c >= 'a' && c <= 'z';
    };
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool letter = is_upper(c) || is_lower(c);
        const bool after_lower = i > 0 && is_lower(name[i - 1]);
        const bool before_lower = i + 1 < name.size() && is_lower(name[i + 1]);
        if (!letter || (is_upper(c) && (after_lower || before_lower))) {
            end_word();
        }
        if (letter) {
            word += c;
        }
    }
    end_word();
    return words;
}

template <std::size_t N>
bool among(const std::string& word, const std::string_view (&list)[N]) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

std::string_view kind_of(const std::vector<std::string>& words, std::size_t at) {
    const Word* const found =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& each) {
            return each.word == words[at];
        });
    if (found == std::end(kWords)) {
        return {};
    }
    const bool of_a_thing = found->kind == "name" && at > 0 && among(words[at - 1], kThings);
    const bool numbered =
        at + 1 < words.size() && (words[at + 1] == "number" || words[at + 1] == "num");
    const bool counted = (found->kind == "identity" || found->kind == "picture") &&
                         at + 1 < words.size() && among(words[at + 1], kCounts) &&
                         (!numbered || among(words[at], kPeople));
    return of_a_thing || counted ? std::string_view() : found->kind;
}

constexpr bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::string_view personal_kind(std::string_view field_name) {
    const std::vector<std::string> words = words_of(field_name);
    // A bare "name" is that of whatever the message is about: devices, lines, counts.
    if (words.size() == 1 && words[0] == "name") {
        return {};
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (const std::string_view kind = kind_of(words, i); !kind.empty()) {
            return kind;
        }
    }
    return {};
}

bool count_personal(std::string_view field_name, std::uint64_t held, PrivateFields& counts) {
    const std::string_view kind = personal_kind(field_name);
    if (!kind.empty() && held > 0) {
        counts[std::string(kind)] += held;
    }
    return !kind.empty();
}

bool is_hardware_address(std::string_view text) {
    const bool separated = text.size() == 17 && (text[2] == ':' || text[2] == '-');
    if (!separated && text.size() != 12) {
        return false;
    }
    bool letter = separated;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool gap = separated && i % 3 == 2;
        if (gap ? text[i] != text[2] : !is_hex(text[i])) {
            return false;
        }
        letter = letter || text[i] > '9';
    }
    return letter;
}

namespace {

constexpr bool is_word(char c) {
    return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z');
}

// 16 hex digits, with or without 0x before them, or 12 that is_hardware_address() takes for one.
bool holds_address(std::string_view word) {
    const bool marked = word.starts_with("0x") || word.starts_with("0X");
    const std::string_view digits = marked ? word.substr(2) : word;
    return digits.size() == 16 ? std::all_of(digits.begin(), digits.end(), is_hex)
                               : digits.size() == 12 && is_hardware_address(digits);
}

// How many characters of an address with separators begin here: "00:6e:02:aa:bb:cc", with '-', or
// "006e.02aa.bbcc"; 0: none.
std::size_t separated_address(std::string_view text) {
    constexpr std::size_t kPairs = 17;
    constexpr std::size_t kQuads = 14;
    if (text.size() >= kPairs && is_hardware_address(text.substr(0, kPairs))) {
        return kPairs;
    }
    const std::string_view quads = text.substr(0, kQuads);
    bool fits = quads.size() == kQuads;
    for (std::size_t i = 0; fits && i < kQuads; ++i) {
        fits = i % 5 == 4 ? quads[i] == '.' : is_hex(quads[i]);
    }
    return fits ? kQuads : 0;
}

}  // namespace

std::string without_addresses(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
        const bool begins = at == 0 || !is_word(name[at - 1]);
        if (const std::size_t size = begins ? separated_address(name.substr(at)) : 0; size != 0) {
            out += masked_address(name.substr(at, size)).substr(4);
            at += size;
            continue;
        }
        const auto* const end = std::find_if_not(name.begin() + at, name.end(), is_word);
        const auto size = static_cast<std::size_t>(end - (name.begin() + at));
        const std::string_view word = name.substr(at, size);
        out += holds_address(word)
                   ? fmt::format("{:08x}", static_cast<std::uint32_t>(key_of(lower(word)) >> 32U))
                   : std::string(word);
        at += size;
        if (at < name.size()) {
            out += name[at++];
        }
    }
    return out;
}

std::string masked_address(std::string_view address) {
    std::string digits;
    for (const char c : lower(address)) {
        if (is_hex(c)) {
            digits += c;
        }
    }
    return fmt::format("dev-{:08x}", static_cast<std::uint32_t>(key_of(digits) >> 32U));
}

}  // namespace cxedge::devices
