// SPDX-License-Identifier: Apache-2.0
// The protobuf wire format, as much as an ONNX file needs.
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge::camera {

// One field of a message. Of fixed-width fields only the number is of interest here.
struct WireField {
    std::uint32_t number = 0;
    std::uint32_t type = 0;   // 0 varint, 1 eight bytes, 2 text or message, 5 four bytes
    std::uint64_t value = 0;  // varint
    std::string_view bytes;   // text or message
    std::string_view raw;     // the field with its tag

    [[nodiscard]] bool is_bytes(std::uint32_t wanted) const {
        return number == wanted && type == 2;
    }
    [[nodiscard]] bool is_varint(std::uint32_t wanted) const {
        return number == wanted && type == 0;
    }
};

// Reads the fields of one message, in order.
class WireReader {
public:
    explicit WireReader(std::string_view message) : message_(message) {}

    // False at the end, or where the message makes no sense (then broken()).
    bool next(WireField& field) {
        const std::size_t start = at_;
        std::uint64_t tag = 0;
        if (at_ == message_.size() || !varint(tag) || tag >> 32U != 0) {
            broken_ = at_ != message_.size() || start != at_;
            return false;
        }
        field.number = static_cast<std::uint32_t>(tag >> 3U);
        field.type = static_cast<std::uint32_t>(tag & 7U);
        if (field.number == 0 || !value(field)) {
            broken_ = true;
            return false;
        }
        field.raw = message_.substr(start, at_ - start);
        return true;
    }
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] std::size_t position() const { return at_; }

private:
    std::string_view message_;
    std::size_t at_ = 0;
    bool broken_ = false;

    bool varint(std::uint64_t& value) {
        value = 0;
        for (unsigned shift = 0; shift < 64 && at_ < message_.size(); shift += 7) {
            const auto byte = static_cast<std::uint8_t>(message_[at_++]);
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) {
                return true;
            }
        }
        return false;
    }
    bool skip(std::uint64_t length) {
        if (length > message_.size() - at_) {
            return false;
        }
        at_ += static_cast<std::size_t>(length);
        return true;
    }
    bool bytes(WireField& field) {
        std::uint64_t length = 0;
        if (!varint(length) || !skip(length)) {
            return false;
        }
        const auto size = static_cast<std::size_t>(length);
        field.bytes = message_.substr(at_ - size, size);
        return true;
    }
    bool value(WireField& field) {
        switch (field.type) {
            case 0:
                return varint(field.value);
            case 1:
                return skip(8);
            case 2:
                return bytes(field);
            case 5:
                return skip(4);
            default:
                return false;
        }
    }
};

inline void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
        out += static_cast<char>(value | 0x80U);
    }
    out += static_cast<char>(value);
}

inline void put_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
    put_varint(out, std::uint64_t{number} << 3U | 2U);
    put_varint(out, bytes.size());
    out += bytes;
}

}  // namespace cxedge::camera
