// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cxedge {

// Random from the kernel (getrandom(2)); never 0, so 0 can mean "none". Thread: any.
std::uint32_t random_u32();
std::uint64_t random_u64();

// 16 random bytes: the identity of an alert over its raise, update and clear.
using EventId = std::array<std::uint8_t, 16>;
EventId random_event_id();
// The same text gives the same id (two 64-bit FNV-1a sums).
EventId derived_event_id(std::string_view text);
std::string to_hex(std::string_view bytes);
std::string to_hex(const EventId& id);

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), reflected, initial and final value 0xFFFFFFFF.
// Continue a running sum by passing the previous result.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0);

}  // namespace cxedge
