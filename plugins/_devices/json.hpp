// SPDX-License-Identifier: Apache-2.0
// Reading JSON of devices without exceptions and without surprises. Include in .cpp files only: the
// library's header is heavy. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "agent/base/result.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

using Json = nlohmann::json;

// Nested deeper than this is no message of a device.
inline constexpr int kMaxNesting = 64;

// invalid_argument: not JSON (RFC 8259), or nested too deep.
Result<Json> parse_json(std::string_view body);

// Member of an object; null: no such member, or not an object.
const Json* member(const Json& object, std::string_view key);
const Json* member(const Json* object, std::string_view key);
// Null also for a null and for what is no list.
const Json::array_t* list_of(const Json* value);
// A finite number, also one written as text ("12", " 3.5 "); empty for all else.
std::optional<double> number_of(const Json* value);
// A whole number between 0 and 2^53.
std::optional<std::int64_t> count_of(const Json* value);
// A text, or a whole number as text; empty for all else.
std::string text_of(const Json* value);
// true, false; 0, 1; "true", "on", "open", "yes" and their opposites in any case.
std::optional<bool> flag_of(const Json* value);

// Counts the personal fields anywhere in the message (privacy.hpp) that hold something.
void note_private(const Json& message, Report& report);

}  // namespace cxedge::devices
