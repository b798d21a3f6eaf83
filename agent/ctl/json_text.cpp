// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/json_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace cxedge::ctl {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 32> buffer{};
    const auto done = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    out.append(buffer.data(), done.ptr);
}

bool is_plain(unsigned char byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// What may follow a lead byte of UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF).
struct Lead {
    unsigned first;
    unsigned last;
    std::size_t length;
    unsigned second_lowest;
    unsigned second_highest;
};
constexpr std::array<Lead, 8> kLeads{{
    {0xC2, 0xDF, 2, 0x80, 0xBF},
    {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF},
    {0xF4, 0xF4, 4, 0x80, 0x8F},
}};

unsigned byte_at(std::string_view text, std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

bool follows(std::string_view text, const Lead& lead) {
    const unsigned second = byte_at(text, 1);
    bool good = second >= lead.second_lowest && second <= lead.second_highest;
    for (std::size_t i = 2; i < lead.length; ++i) {
        good = good && (byte_at(text, i) & 0xC0U) == 0x80U;
    }
    return good;
}

// Bytes of the UTF-8 sequence at the start of `text`; 0 when there is none.
std::size_t sequence_length(std::string_view text) {
    const unsigned byte = byte_at(text, 0);
    for (const Lead& lead : kLeads) {
        if (byte >= lead.first && byte <= lead.last) {
            return follows(text, lead) ? lead.length : 0;
        }
    }
    return 0;
}

void append_escape(std::string& out, unsigned char byte) {
    switch (byte) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHexDigits[byte >> 4U];
            out += kHexDigits[byte & 0xFU];
    }
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain]))) {
            ++plain;
        }
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) {
            break;
        }
        const auto byte = static_cast<unsigned char>(text.front());
        if (byte < 0x80) {
            append_escape(out, byte);
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = sequence_length(text);
        out += length > 0 ? text.substr(0, length) : kReplacement;
        text.remove_prefix(length > 0 ? length : 1);
    }
    out += '"';
}

void append_json(std::string& out, double value) {
    if (std::isfinite(value)) {
        append_number(out, value);
    } else if (std::isnan(value)) {
        out += "\"NaN\"";
    } else {
        out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    }
}

void append_json(std::string& out, std::uint64_t value) {
    append_number(out, value);
}

void append_json(std::string& out, std::int64_t value) {
    append_number(out, value);
}

void append_json_hex(std::string& out, std::uint64_t value) {
    out += '"';
    for (unsigned shift = 64; shift > 0; shift -= 4) {
        out += kHexDigits[(value >> (shift - 4)) & 0xFU];
    }
    out += '"';
}

}  // namespace cxedge::ctl
