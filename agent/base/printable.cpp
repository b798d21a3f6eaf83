// SPDX-License-Identifier: Apache-2.0
#include "agent/base/printable.hpp"

#include <algorithm>
#include <iterator>

namespace cxedge {
namespace {

constexpr unsigned kContinuation = 0x80;

// By its first byte; 0: no character begins with it.
std::size_t announced_length(unsigned char first) {
    struct Range {
        unsigned char last;
        std::size_t length;
    };
    static constexpr Range kRanges[] = {{0x7F, 1}, {0xC1, 0}, {0xDF, 2}, {0xEF, 3}, {0xF4, 4}};
    const auto* const range =
        std::find_if(std::begin(kRanges), std::end(kRanges), [&](const Range& each) {
            return first <= each.last;
        });
    return range == std::end(kRanges) ? 0 : range->length;
}

// Bytes of the UTF-8 character that begins here; 0: none does. Surrogates and overlong forms are
// the receivers' least worry: what matters is that a text does not break a protobuf string.
std::size_t utf8_length(std::string_view text) {
    const std::size_t length = announced_length(static_cast<unsigned char>(text[0]));
    if (length == 0 || length > text.size()) {
        return 0;
    }
    const bool whole = std::all_of(text.begin() + 1, text.begin() + length, [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) == kContinuation;
    });
    return whole ? length : 0;
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view one = text.substr(0, std::max<std::size_t>(length, 1));
        if (one.size() > longest - out.size()) {
            break;
        }
        out += length == 0 || is_control(one[0]) ? std::string_view("?") : one;
        text.remove_prefix(one.size());
    }
    return out;
}

}  // namespace cxedge
