// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_packet.hpp"

#include <cstring>

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

namespace cxedge::plugins {
namespace {

// Fixed offsets of both versions: type, code, checksum (2), ident (2), sequence (2), payload.
constexpr std::size_t kChecksumAt = 2;
constexpr std::size_t kIdentAt = 4;
constexpr std::size_t kSequenceAt = 6;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t read_be16(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>((byte_at(bytes, at) << 8U) | byte_at(bytes, at + 1));
}

void write_be16(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8U);
    bytes[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

std::optional<EchoHead> read_echo(std::string_view packet, std::uint8_t type) {
    if (packet.size() < kEchoHeader || byte_at(packet, 0) != type || byte_at(packet, 1) != 0) {
        return std::nullopt;
    }
    EchoHead head{read_be16(packet, kIdentAt), read_be16(packet, kSequenceAt), 0};
    if (packet.size() >= kEchoHeader + kEchoCookie) {
        // Only we read it: as it is in memory.
        std::memcpy(&head.cookie, packet.data() + kEchoHeader, kEchoCookie);
    }
    return head;
}

}  // namespace

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        sum += static_cast<std::uint64_t>(bytes[i] << 8U) + bytes[i + 1];
    }
    if (bytes.size() % 2 != 0) {
        sum += static_cast<std::uint64_t>(bytes.back() << 8U);
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum & 0xffffU);
}

void write_echo_request(bool v6, const EchoHead& head, std::span<std::uint8_t> packet) {
    packet[0] = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    packet[1] = 0;
    write_be16(packet, kChecksumAt, 0);
    write_be16(packet, kIdentAt, head.ident);
    write_be16(packet, kSequenceAt, head.sequence);
    std::memcpy(packet.data() + kEchoHeader, &head.cookie, kEchoCookie);
    if (!v6) {  // that of ICMPv6 covers addresses that only the kernel knows
        write_be16(packet, kChecksumAt, internet_checksum(packet));
    }
}

std::optional<EchoHead> read_echo_reply(bool v6, std::string_view packet) {
    if (packet.size() < kEchoHeader + kEchoCookie) {
        return std::nullopt;
    }
    return read_echo(packet, v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY);
}

std::optional<EchoHead> read_quoted_request(bool v6, std::string_view quoted) {
    return read_echo(quoted, v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO);
}

IpSize size_on_line(bool v6, std::size_t message) {
    // RFC 791 and RFC 8200: fragments carry multiples of 8; IPv6 has an extra header for them.
    constexpr std::size_t kLine = 1'500;
    const std::size_t header = v6 ? 40 : 20;
    if (message <= kLine - header) {
        return {message + header, 1};
    }
    const std::size_t each_header = v6 ? header + 8 : header;
    const std::size_t room = (kLine - each_header) / 8 * 8;
    const std::size_t packets = (message + room - 1) / room;
    return {message + packets * each_header, packets};
}

}  // namespace cxedge::plugins
