// SPDX-License-Identifier: Apache-2.0
// Numbers and texts as bytes for files that only this machine reads (journal, history):
// LEB128 varints, zigzag for signed, doubles as their little-endian bits. Thread: any.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge {

class ByteWriter {
public:
    // Appends to `out`, which outlives it.
    explicit ByteWriter(std::string& out) : out_(out) {}

    void number(std::uint64_t value) {
        while (value >= 0x80U) {
            out_.push_back(static_cast<char>(value | 0x80U));
            value >>= 7U;
        }
        out_.push_back(static_cast<char>(value));
    }
    void signed_number(std::int64_t value) {
        number((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
    }
    void real(double value) {
        auto bits = std::bit_cast<std::uint64_t>(value);
        for (int i = 0; i < 8; ++i, bits >>= 8U) {
            out_.push_back(static_cast<char>(bits & 0xFFU));
        }
    }
    void text(std::string_view value) {
        number(value.size());
        out_.append(value);
    }

private:
    std::string& out_;
};

// Reads what a ByteWriter wrote. After the first mistake good() is false for ever and every value
// is 0 or empty.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    // Bytes not yet read; bounds what a count that was read can mean.
    [[nodiscard]] std::size_t left() const { return rest_.size(); }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = next();
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if ((byte & 0x80U) == 0) {
                return good_ ? value : 0;
            }
        }
        good_ = false;
        return 0;
    }
    std::int64_t signed_number() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
    }
    double real() {
        std::uint64_t bits = 0;
        for (unsigned shift = 0; shift < 64; shift += 8) {
            bits |= static_cast<std::uint64_t>(next()) << shift;
        }
        return good_ ? std::bit_cast<double>(bits) : 0.0;
    }
    std::string_view text() {
        const std::uint64_t size = number();
        if (size > rest_.size()) {
            good_ = false;
            return {};
        }
        const std::string_view value = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(value.size());
        return value;
    }

private:
    std::uint8_t next() {
        if (!good_ || rest_.empty()) {
            good_ = false;
            return 0;
        }
        const auto byte = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return byte;
    }

    std::string_view rest_;
    bool good_ = true;
};

}  // namespace cxedge
