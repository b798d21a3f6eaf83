// SPDX-License-Identifier: Apache-2.0
// Texts that are safe in a protobuf `string`. A parser refuses a whole message for one byte that is
// not UTF-8, so an encoder must never let one through. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cxedge::wire {

// Bytes that are not part of well-formed UTF-8 become U+FFFD.
std::string clean_utf8(std::string_view text);
// The same, cut to at most `max_bytes` without splitting a character.
std::string clean_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace cxedge::wire
