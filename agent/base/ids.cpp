// SPDX-License-Identifier: Apache-2.0
#include "agent/base/ids.hpp"

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

#include "agent/base/fnv.hpp"

namespace cxedge {
namespace {

// The kernel's generator cannot fail after boot for so few bytes; if it does, nothing is safe.
void fill_random(void* out, std::size_t size) {
    auto* bytes = static_cast<unsigned char*>(out);
    while (size > 0) {
        const ssize_t got = ::getrandom(bytes, size, 0);
        if (got < 0 && errno != EINTR) {
            std::abort();
        }
        if (got > 0) {
            bytes += got;
            size -= static_cast<std::size_t>(got);
        }
    }
}

template <class T>
T random_nonzero() {
    T value = 0;
    while (value == 0) {
        fill_random(&value, sizeof value);
    }
    return value;
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0U ? 0x82F63B78U : 0U);
        }
        table[i] = crc;
    }
    return table;
}
constexpr auto kCrcTable = make_crc_table();

}  // namespace

std::uint32_t random_u32() {
    return random_nonzero<std::uint32_t>();
}

std::uint64_t random_u64() {
    return random_nonzero<std::uint64_t>();
}

EventId random_event_id() {
    EventId id{};
    fill_random(id.data(), id.size());
    return id;
}

EventId derived_event_id(std::string_view text) {
    constexpr std::uint64_t kOtherBasis = 0x84222325cbf29ce4;
    const std::array<std::uint64_t, 2> sums{fnv1a(text), fnv1a(text, kOtherBasis)};
    EventId id{};
    for (std::size_t i = 0; i < id.size(); ++i) {
        id.at(i) = static_cast<std::uint8_t>(sums.at(i / 8) >> (i % 8 * 8));
    }
    return id;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    return out;
}

std::string to_hex(const EventId& id) {
    return to_hex(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) {
    std::uint32_t crc = ~previous;
    for (const char c : bytes) {
        crc = (crc >> 8U) ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
    }
    return ~crc;
}

}  // namespace cxedge
