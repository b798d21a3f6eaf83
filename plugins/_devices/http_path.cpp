// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_path.hpp"

#include <charconv>
#include <cstddef>
#include <utility>

#include "agent/base/printable.hpp"

namespace cxedge::devices {
namespace {

constexpr std::size_t kEscapeLength = 3;  // "%2F"

std::optional<char> escaped(std::string_view text) {
    if (text.size() < kEscapeLength) {
        return std::nullopt;
    }
    unsigned byte = 0;
    const char* const end = text.data() + kEscapeLength;
    const auto read = std::from_chars(text.data() + 1, end, byte, 16);
    return read.ptr == end ? std::optional(static_cast<char>(byte)) : std::nullopt;
}

}  // namespace

std::optional<std::string> decoded_path(std::string_view raw) {
    std::string path;
    for (std::size_t at = 0; at < raw.size(); ++at) {
        std::optional<char> c = raw[at];
        if (raw[at] == '%') {
            c = escaped(raw.substr(at));
            at += kEscapeLength - 1;
        }
        if (!c || is_control(*c)) {
            return std::nullopt;
        }
        path += *c;
    }
    return !path.empty() && path.front() == '/' ? std::optional(std::move(path)) : std::nullopt;
}

}  // namespace cxedge::devices
