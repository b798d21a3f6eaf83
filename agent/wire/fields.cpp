// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/fields.hpp"

namespace cxedge::wire {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kLengthDelimited = 2;
constexpr std::uint32_t kFixed32 = 5;
constexpr unsigned kVarintBits = 64;

}  // namespace

bool FieldReader::varint(std::uint64_t& value) {
    value = 0;
    std::size_t at = 0;
    for (unsigned shift = 0; shift < kVarintBits && at < rest_.size(); shift += 7) {
        const auto byte = static_cast<std::uint8_t>(rest_[at++]);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if ((byte & 0x80U) == 0) {
            rest_.remove_prefix(at);
            return true;
        }
    }
    return false;
}

bool FieldReader::take(std::size_t count, std::string_view& taken) {
    if (count > rest_.size()) {
        return false;
    }
    taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
}

bool FieldReader::value_of(std::uint32_t wire_type, Field& field) {
    std::uint64_t number = 0;
    std::string_view skipped;
    switch (wire_type) {
        case kVarint:
            return varint(number);
        case kFixed64:
            return take(8, skipped);
        case kFixed32:
            return take(4, skipped);
        case kLengthDelimited:
            field.has_bytes = true;
            return varint(number) && number <= rest_.size() &&
                   take(static_cast<std::size_t>(number), field.bytes);
        default:  // groups: not in proto3
            return false;
    }
}

bool FieldReader::next(Field& field) {
    field = Field{};
    if (rest_.empty() || malformed_) {
        return false;
    }
    std::uint64_t tag = 0;
    const bool tagged = varint(tag) && (tag >> 3U) != 0 && (tag >> 32U) == 0;
    field.number = static_cast<std::uint32_t>(tag >> 3U);
    malformed_ = !tagged || !value_of(static_cast<std::uint32_t>(tag & 7U), field);
    return !malformed_;
}

void append_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80U) {
        out.push_back(static_cast<char>((value & 0x7FU) | 0x80U));
        value >>= 7U;
    }
    out.push_back(static_cast<char>(value));
}

void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes) {
    append_varint(out, (static_cast<std::uint64_t>(number) << 3U) | kLengthDelimited);
    append_varint(out, bytes.size());
    out.append(bytes);
}

}  // namespace cxedge::wire
