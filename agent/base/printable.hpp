// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cxedge {

// What would break a line or a terminal (ASCII control characters).
constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == 0x7F;
}

// At most `longest` bytes of what strangers wrote, for names, logs and terminals, in valid UTF-8:
// control characters and stray bytes become '?', and no character is cut in two. Thread: any.
std::string printable(std::string_view text, std::size_t longest = std::string_view::npos);

}  // namespace cxedge
