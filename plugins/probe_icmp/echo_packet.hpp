// SPDX-License-Identifier: Apache-2.0
// ICMP echo as it is on the wire (RFC 792, RFC 4443 4.1). The payload begins with a cookie by which
// a reply is told from those to others. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cxedge::plugins {

inline constexpr std::size_t kEchoHeader = 8;
inline constexpr std::size_t kEchoCookie = 8;
// What an IPv4 packet has room for (65,535 less both headers).
inline constexpr std::size_t kEchoMostPayload = 65'507;

struct EchoHead {
    std::uint16_t ident = 0;
    std::uint16_t sequence = 0;
    std::uint64_t cookie = 0;
    bool operator==(const EchoHead&) const = default;
};

// Writes header, checksum and cookie of a request over the beginning of `packet`, whose rest is
// payload already. `packet` holds at least header and cookie.
void write_echo_request(bool v6, const EchoHead& head, std::span<std::uint8_t> packet);

// Of a packet behind the IP header; nothing: no echo reply, or too short to be one to us.
std::optional<EchoHead> read_echo_reply(bool v6, std::string_view packet);

// Of the request that an ICMP error quotes, as far as it does (the cookie may be cut off, and is 0
// here); nothing: no echo request.
std::optional<EchoHead> read_quoted_request(bool v6, std::string_view quoted);

// RFC 1071.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes);

// IP packets and bytes that a message of so many bytes (ICMP header included) is on a usual line of
// 1,500 bytes.
struct IpSize {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
};
IpSize size_on_line(bool v6, std::size_t message);

}  // namespace cxedge::plugins
