// SPDX-License-Identifier: Apache-2.0
// Writes JSON straight into a buffer: tail prints tens of thousands of objects a second, too many
// to build each as a tree first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge::ctl {

// In quotes and escaped; bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
// Shortest text that reads back as the same double. What JSON cannot write becomes a text, as in
// protobuf's JSON mapping: "NaN", "Infinity", "-Infinity".
void append_json(std::string& out, double value);
void append_json(std::string& out, std::uint64_t value);
void append_json(std::string& out, std::int64_t value);
void append_json(std::string& out, bool value) = delete;  // write true or false

// 16 hexadecimal digits in quotes: JSON readers keep only 53 bits of a number.
void append_json_hex(std::string& out, std::uint64_t value);

}  // namespace cxedge::ctl
