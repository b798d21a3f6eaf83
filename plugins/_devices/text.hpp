// SPDX-License-Identifier: Apache-2.0
// Numbers and flags as devices write them. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cxedge::devices {

std::string_view trimmed(std::string_view text);
std::string lower(std::string_view text);  // ASCII only
// All of it is a finite number, blanks around it allowed, decimal point only; no hex, no "nan".
std::optional<double> parse_number(std::string_view text);
// "true", "on", "open", "yes", "1", "active" and "false", "off", "closed", "no", "0", "inactive".
std::optional<bool> parse_flag(std::string_view text);
// A "name=value" of application/x-www-form-urlencoded, still encoded.
struct FormPair {
    std::string_view name;
    std::string_view value;
};
// The first one; what is left of the form stays in `form`.
FormPair take_form_pair(std::string_view& form);
// A name or a value of it; empty: a broken percent code.
std::optional<std::string> form_decoded(std::string_view text);
// FNV-1a of 64 bits, never 0: for Occasion::key.
std::uint64_t key_of(std::string_view text);

}  // namespace cxedge::devices
