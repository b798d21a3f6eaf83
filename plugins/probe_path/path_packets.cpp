// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_packets.hpp"

#include <algorithm>

#include <netinet/in.h>

namespace cxedge::plugins {
namespace {

// RFC 791 3.1, RFC 8200 3; RFC 768; RFC 792; RFC 9293 3.1.
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kTcpMssOption = 4;  // some filters drop a SYN without options

constexpr std::string_view kUdpMagic = "cxp1";
constexpr std::size_t kUdpStamp = 10;   // magic, nonce, number
constexpr std::size_t kIcmpStamp = 10;  // what makes up for number and nonce, and the nonce

constexpr std::uint8_t kEchoRequest4 = 8;
constexpr std::uint8_t kEchoReply4 = 0;
constexpr std::uint8_t kEchoRequest6 = 128;
constexpr std::uint8_t kEchoReply6 = 129;

constexpr std::uint8_t kTcpSyn = 0x02;
constexpr std::uint8_t kTcpRst = 0x04;
constexpr std::uint8_t kTcpAck = 0x10;
constexpr std::uint16_t kTcpWindow = 0xffff;
constexpr std::uint16_t kTcpMss = 1'220;  // fits IPv6's smallest packet (RFC 8200 5)

void append_u16(std::string& out, std::uint32_t value) {
    out.push_back(static_cast<char>((value >> 8U) & 0xffU));
    out.push_back(static_cast<char>(value & 0xffU));
}

void append_u32(std::string& out, std::uint32_t value) {
    append_u16(out, value >> 16U);
    append_u16(out, value & 0xffffU);
}

void set_u16(std::string& out, std::size_t at, std::uint32_t value) {
    out[at] = static_cast<char>((value >> 8U) & 0xffU);
    out[at + 1] = static_cast<char>(value & 0xffU);
}

std::uint8_t u8_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t u16_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>((u8_at(bytes, at) << 8U) | u8_at(bytes, at + 1));
}

std::uint32_t u32_at(std::string_view bytes, std::size_t at) {
    return (std::uint32_t{u16_at(bytes, at)} << 16U) | u16_at(bytes, at + 2);
}

std::uint32_t sum_of(std::string_view bytes, std::uint32_t sum) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        sum += u16_at(bytes, i);
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    if (bytes.size() % 2 != 0) {
        sum += std::uint32_t{u8_at(bytes, bytes.size() - 1)} << 8U;
    }
    return (sum & 0xffffU) + (sum >> 16U);
}

// Of the pseudo header: RFC 9293 3.1 and RFC 8200 8.1 add up to the same.
std::uint32_t pseudo_header_sum(const PathFlow& flow, std::size_t bytes) {
    std::uint32_t sum = sum_of(flow.from.host_bytes(), 0);
    sum = sum_of(flow.to.host_bytes(), sum);
    return sum + IPPROTO_TCP + static_cast<std::uint32_t>(bytes);
}

// The checksum moves with the number, as in the first paris traceroute; ports and length do not.
std::string make_udp(const PathFlow& flow, std::uint16_t number, std::size_t bytes) {
    std::string out(kUdpMagic);
    append_u32(out, flow.nonce);
    append_u16(out, number);
    out.resize(bytes - kUdpHeader, '\0');
    return out;
}

// Number and nonce with their complements add up to the same whatever they are: so does the
// checksum, which is among the first four bytes.
std::string make_icmp(const PathFlow& flow, std::uint16_t number, std::size_t bytes) {
    std::string out;
    out.push_back(static_cast<char>(flow.to.is_v6() ? kEchoRequest6 : kEchoRequest4));
    out.push_back('\0');
    append_u16(out, 0);
    append_u16(out, flow.source);
    append_u16(out, number);
    append_u16(out, ~std::uint32_t{number});
    append_u32(out, flow.nonce);
    append_u32(out, ~flow.nonce);
    out.resize(bytes, '\0');
    if (!flow.to.is_v6()) {  // for IPv6 the kernel does it (RFC 3542 3.1)
        set_u16(out, 2, internet_checksum(out));
    }
    return out;
}

std::uint32_t tcp_sequence(const PathFlow& flow, std::uint16_t number) {
    return (flow.nonce & 0xffff0000U) | number;
}

std::string make_tcp(const PathFlow& flow, std::uint16_t number, std::size_t bytes) {
    std::string out;
    append_u16(out, flow.source);
    append_u16(out, flow.to.port());
    append_u32(out, tcp_sequence(flow, number));
    append_u32(out, 0);
    append_u16(out, ((kTcpHeader + kTcpMssOption) / 4) << 12U | kTcpSyn);
    append_u16(out, kTcpWindow);
    append_u32(out, 0);                      // checksum, urgent pointer
    append_u32(out, 0x02040000U | kTcpMss);  // kind 2, length 4
    out.resize(bytes, '\0');
    set_u16(out, 16, internet_checksum(out, pseudo_header_sum(flow, bytes)));
    return out;
}

ProbeMatch ours(std::uint16_t number) {
    return {ProbeMatch::Whose::ours, number};
}

ProbeMatch match_udp(const PathFlow& flow, std::string_view payload) {
    const std::string_view stamp = payload.substr(0, kUdpStamp);
    const std::string_view magic = kUdpMagic.substr(0, std::min(stamp.size(), kUdpMagic.size()));
    if (!stamp.starts_with(magic)) {
        return {};
    }
    if (stamp.size() < kUdpStamp) {
        return {ProbeMatch::Whose::anonymous, 0};
    }
    return u32_at(stamp, 4) == flow.nonce ? ours(u16_at(stamp, 8)) : ProbeMatch{};
}

// Of an echo; where enough is there, the nonce, too.
ProbeMatch match_echo(const PathFlow& flow, std::string_view bytes, std::uint8_t type) {
    if (bytes.size() < kIcmpHeader || u8_at(bytes, 0) != type || u8_at(bytes, 1) != 0 ||
        u16_at(bytes, 4) != flow.source) {
        return {};
    }
    const bool stamped = bytes.size() >= kIcmpHeader + kIcmpStamp;
    if (stamped && u32_at(bytes, kIcmpHeader + 2) != flow.nonce) {
        return {};
    }
    return ours(u16_at(bytes, 6));
}

ProbeMatch match_sequence(const PathFlow& flow, std::uint32_t sequence) {
    const auto number = static_cast<std::uint16_t>(sequence & 0xffffU);
    return sequence == tcp_sequence(flow, number) ? ours(number) : ProbeMatch{};
}

ProbeMatch match_quoted_tcp(const PathFlow& flow, std::string_view quoted) {
    const bool ports = quoted.size() >= 8 && u16_at(quoted, 0) == flow.source &&
                       u16_at(quoted, 2) == flow.to.port();
    return ports ? match_sequence(flow, u32_at(quoted, 4)) : ProbeMatch{};
}

// Both answers to a SYN acknowledge it (RFC 9293 3.5.2, 3.10.7.1).
ProbeMatch match_tcp_answer(const PathFlow& flow, std::string_view bytes) {
    if (bytes.size() < kTcpHeader || u16_at(bytes, 0) != flow.to.port() ||
        u16_at(bytes, 2) != flow.source) {
        return {};
    }
    const std::uint8_t flags = u8_at(bytes, 13);
    const bool answers = (flags & kTcpAck) != 0 && (flags & (kTcpSyn | kTcpRst)) != 0;
    return answers ? match_sequence(flow, u32_at(bytes, 8) - 1) : ProbeMatch{};
}

PathWord unreachable4(std::uint8_t code, bool from_target) {
    switch (code) {
        case 2:  // protocol
        case 3:  // port
            return from_target ? PathWord::reached : PathWord::refused;
        case 4:
            return PathWord::too_big;
        case 9:   // network administratively prohibited
        case 10:  // host likewise
        case 13:  // communication likewise
            return PathWord::refused;
        default:
            return PathWord::no_route;
    }
}

PathWord unreachable6(std::uint8_t code, bool from_target) {
    switch (code) {
        case 4:  // port
            return from_target ? PathWord::reached : PathWord::refused;
        case 1:  // administratively prohibited
        case 5:  // source address failed policy
        case 6:  // reject route
            return PathWord::refused;
        default:
            return PathWord::no_route;
    }
}

}  // namespace

PathMethod path_method_of(std::string_view setting) {
    if (setting == "icmp") {
        return PathMethod::icmp;
    }
    return setting == "tcp" ? PathMethod::tcp : PathMethod::udp;
}

std::size_t shortest_probe(PathMethod method) {
    switch (method) {
        case PathMethod::udp:
            return kUdpHeader + kUdpStamp;
        case PathMethod::icmp:
            return kIcmpHeader + kIcmpStamp;
        case PathMethod::tcp:
            break;
    }
    return kTcpHeader + kTcpMssOption;
}

std::size_t ip_header_bytes(bool v6) {
    return v6 ? kIpv6Header : kIpv4Header;
}

std::string make_path_probe(const PathFlow& flow, std::uint16_t number, std::size_t bytes) {
    const std::size_t size = std::max(bytes, shortest_probe(flow.method));
    switch (flow.method) {
        case PathMethod::udp:
            return make_udp(flow, number, size);
        case PathMethod::icmp:
            return make_icmp(flow, number, size);
        case PathMethod::tcp:
            break;
    }
    return make_tcp(flow, number, size);
}

ProbeMatch match_quoted(const PathFlow& flow, std::string_view quoted) {
    switch (flow.method) {
        case PathMethod::udp:
            return match_udp(flow, quoted);
        case PathMethod::icmp:
            return match_echo(flow, quoted, flow.to.is_v6() ? kEchoRequest6 : kEchoRequest4);
        case PathMethod::tcp:
            break;
    }
    return match_quoted_tcp(flow, quoted);
}

ProbeMatch match_answer(const PathFlow& flow, std::string_view bytes) {
    switch (flow.method) {
        case PathMethod::udp: {
            const ProbeMatch echoed = match_udp(flow, bytes);
            return echoed.whose == ProbeMatch::Whose::ours
                       ? echoed
                       : ProbeMatch{ProbeMatch::Whose::anonymous, 0};
        }
        case PathMethod::icmp:
            return match_echo(flow, bytes, flow.to.is_v6() ? kEchoReply6 : kEchoReply4);
        case PathMethod::tcp:
            break;
    }
    return match_tcp_answer(flow, bytes);
}

PathWord path_word(bool v6, std::uint8_t type, std::uint8_t code, bool from_target) {
    if (v6) {
        switch (type) {
            case 1:
                return unreachable6(code, from_target);
            case 2:
                return PathWord::too_big;
            case 3:
                return code == 0 ? PathWord::hop : PathWord::other;
            default:
                return PathWord::other;
        }
    }
    switch (type) {
        case 3:
            return unreachable4(code, from_target);
        case 11:
            return code == 0 ? PathWord::hop : PathWord::other;
        default:
            return PathWord::other;
    }
}

std::string path_mark(PathWord word) {
    switch (word) {
        case PathWord::no_route:
            return "!N";
        case PathWord::refused:
            return "!X";
        case PathWord::too_big:
            return "!F";
        default:
            return "";
    }
}

std::uint16_t internet_checksum(std::string_view bytes, std::uint32_t sum) {
    const std::uint32_t folded = sum_of(bytes, sum);
    return static_cast<std::uint16_t>(~((folded & 0xffffU) + (folded >> 16U)) & 0xffffU);
}

}  // namespace cxedge::plugins
