// SPDX-License-Identifier: Apache-2.0
#include "plugins/modbus/register_value.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cxedge::plugins {
namespace {

std::uint16_t with_bytes_swapped(std::uint16_t word) {
    return static_cast<std::uint16_t>((word << 8U) | (word >> 8U));
}

// All words as one number, the first word the highest.
std::uint64_t joined(std::span<const std::uint16_t> words, const RegisterCode& code) {
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::uint16_t word = words[code.low_word_first ? words.size() - 1 - i : i];
        raw = (raw << 16U) | (code.low_byte_first ? with_bytes_swapped(word) : word);
    }
    return raw;
}

Result<double> decimal(std::uint64_t raw, std::size_t digits) {
    double value = 0;
    for (std::size_t digit = digits; digit-- > 0;) {
        const std::uint64_t nibble = (raw >> (4 * digit)) & 0xFU;
        if (nibble > 9) {
            return invalid_argument("not a BCD number");
        }
        value = value * 10 + static_cast<double>(nibble);
    }
    return value;
}

Result<double> finite(double value) {
    if (!std::isfinite(value)) {
        return invalid_argument("not a finite number");
    }
    return value;
}

Result<double> number(std::uint64_t raw, RegisterType type) {
    switch (type) {
        case RegisterType::i16:
            return static_cast<double>(static_cast<std::int16_t>(raw));
        case RegisterType::i32:
            return static_cast<double>(static_cast<std::int32_t>(raw));
        case RegisterType::i64:
            return static_cast<double>(static_cast<std::int64_t>(raw));
        case RegisterType::f32:
            return finite(double{std::bit_cast<float>(static_cast<std::uint32_t>(raw))});
        case RegisterType::f64:
            return finite(std::bit_cast<double>(raw));
        case RegisterType::bcd16:
            return decimal(raw, 4);
        case RegisterType::bcd32:
            return decimal(raw, 8);
        case RegisterType::u16:
        case RegisterType::u32:
        case RegisterType::u64:
            break;
    }
    return static_cast<double>(raw);
}

}  // namespace

const std::vector<std::string>& register_types() {
    static const std::vector<std::string> kNames{
        "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd16", "bcd32"};
    return kNames;
}

bool parse_register_type(std::string_view text, RegisterType& type) {
    const std::vector<std::string>& names = register_types();
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        return false;
    }
    type = static_cast<RegisterType>(found - names.begin());
    return true;
}

std::size_t words_of(RegisterType type) {
    switch (type) {
        case RegisterType::u16:
        case RegisterType::i16:
        case RegisterType::bcd16:
            return 1;
        case RegisterType::u32:
        case RegisterType::i32:
        case RegisterType::f32:
        case RegisterType::bcd32:
            return 2;
        case RegisterType::u64:
        case RegisterType::i64:
        case RegisterType::f64:
            break;
    }
    return 4;
}

std::uint8_t counter_bits_of(RegisterType type) {
    switch (type) {
        case RegisterType::u16:
            return 16;
        case RegisterType::u32:
            return 32;
        case RegisterType::u64:
            return 64;
        default:
            return 0;
    }
}

Result<double> decode_registers(std::span<const std::uint16_t> words, const RegisterCode& code) {
    const std::size_t wanted = words_of(code.type);
    if (words.size() < wanted) {
        return invalid_argument("too few registers");
    }
    const std::uint64_t raw = joined(words.first(wanted), code);
    if (code.bit >= 0) {
        return static_cast<double>((raw >> static_cast<unsigned>(code.bit)) & 1U);
    }
    return number(raw, code.type);
}

}  // namespace cxedge::plugins
