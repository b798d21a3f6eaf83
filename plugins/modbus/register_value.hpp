// SPDX-License-Identifier: Apache-2.0
// What the 16-bit registers of a Modbus device mean as a number. Pure; a fuzz target. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::plugins {

enum class RegisterType : std::uint8_t { u16, i16, u32, i32, u64, i64, f32, f64, bcd16, bcd32 };

// The names of RegisterType, in its order.
const std::vector<std::string>& register_types();
// False: there is none of that name.
bool parse_register_type(std::string_view text, RegisterType& type);
// Registers that one value fills: 1, 2 or 4.
std::size_t words_of(RegisterType type);
// Where a counter of this type begins anew: 16, 32 or 64; 0: not a counter's type.
std::uint8_t counter_bits_of(RegisterType type);

struct RegisterCode {
    RegisterType type = RegisterType::u16;
    bool low_word_first = false;
    bool low_byte_first = false;
    int bit = -1;  // 0 to 15: the value is this bit of the one register
};

// `words` as the device sent them, words_of(type) of them. invalid_argument: too few, a digit of a
// BCD number above 9, or not a finite number; one constant sentence.
Result<double> decode_registers(std::span<const std::uint16_t> words, const RegisterCode& code);

}  // namespace cxedge::plugins
