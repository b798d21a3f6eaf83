// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/text.hpp"

#include <algorithm>
#include <cstdint>

namespace cxedge::wire {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(char byte) {
    return (static_cast<std::uint8_t>(byte) & 0xC0U) == 0x80U;
}

std::size_t expected_length(std::uint8_t first) {
    if (first < 0x80U) {
        return 1;
    }
    if (first >= 0xC2U && first <= 0xDFU) {
        return 2;
    }
    if (first >= 0xE0U && first <= 0xEFU) {
        return 3;
    }
    return first >= 0xF0U && first <= 0xF4U ? 4 : 0;
}

// Second bytes that would make a surrogate, an overlong form or a number beyond U+10FFFF.
bool second_byte_fits(std::uint8_t first, std::uint8_t second) {
    switch (first) {
        case 0xE0U:
            return second >= 0xA0U;
        case 0xEDU:
            return second < 0xA0U;
        case 0xF0U:
            return second >= 0x90U;
        case 0xF4U:
            return second < 0x90U;
        default:
            return true;
    }
}

// Length of the well-formed character at the start of `text`, 0 when there is none.
std::size_t character_length(std::string_view text) {
    const auto first = static_cast<std::uint8_t>(text[0]);
    const std::size_t length = expected_length(first);
    if (length == 0 || length > text.size()) {
        return 0;
    }
    if (!std::all_of(
            text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), is_continuation
        )) {
        return 0;
    }
    return length == 1 || second_byte_fits(first, static_cast<std::uint8_t>(text[1])) ? length : 0;
}

}  // namespace

std::string clean_utf8(std::string_view text, std::size_t max_bytes) {
    std::string out;
    out.reserve(std::min(text.size(), max_bytes));
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        const std::string_view piece = length == 0 ? kReplacement : text.substr(0, length);
        if (out.size() + piece.size() > max_bytes) {
            break;
        }
        out.append(piece);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string clean_utf8(std::string_view text) {
    return clean_utf8(text, text.size() * kReplacement.size());
}

}  // namespace cxedge::wire
