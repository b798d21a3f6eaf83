// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_records.hpp"

#include <algorithm>
#include <cctype>

#include <arpa/inet.h>
#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::plugins {
namespace {

// RFC 2181 section 8: a TTL with the upper bit set is 0.
constexpr std::uint32_t kLongestTtl = 0x7FFF'FFFF;

std::string small(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

std::string address_text(int family, std::string_view bytes, std::size_t size) {
    char text[INET6_ADDRSTRLEN] = "";
    const bool fits = bytes.size() == size;
    return fits && ::inet_ntop(family, bytes.data(), text, sizeof text) != nullptr ? text : "";
}

// RFC 1035 section 3.3.14: pieces with their lengths; what they say together.
std::string pieces(WireReader& wire, std::size_t end) {
    std::string text;
    while (wire.good() && wire.at() < end) {
        const std::size_t size = wire.byte();
        if (size > end - std::min(end, wire.at())) {
            wire.go_to(std::string::npos);
        }
        for (const char c : wire.bytes(size)) {
            text += c < ' ' || c > '~' ? fmt::format("\\{:03}", static_cast<unsigned char>(c))
                                       : std::string(1, c);
        }
    }
    return text;
}

// RFC 1035 section 3.3.13.
std::string zone_text(WireReader& wire, DnsRecord& record) {
    std::string text = small(wire.name());
    text += " " + small(wire.name());
    record.serial = wire.double_word();
    text += fmt::format(" {}", *record.serial);
    constexpr int kTimes = 4;  // refresh, retry, expire, minimum
    for (int i = 0; i < kTimes; ++i) {
        text += fmt::format(" {}", wire.double_word());
    }
    return text;
}

std::string mail_text(WireReader& wire) {
    const unsigned preference = wire.word();
    return fmt::format("{} {}", preference, small(wire.name()));
}

std::string data_text(WireReader& wire, const RawRecord& raw, DnsRecord& record) {
    constexpr std::size_t kV4 = 4;
    constexpr std::size_t kV6 = 16;
    switch (static_cast<DnsType>(raw.type)) {
        case DnsType::a:
            return address_text(AF_INET, wire.bytes(raw.size), kV4);
        case DnsType::aaaa:
            return address_text(AF_INET6, wire.bytes(raw.size), kV6);
        case DnsType::ns:
        case DnsType::cname:
        case DnsType::ptr:
            return small(wire.name());
        case DnsType::mx:
            return mail_text(wire);
        case DnsType::soa:
            return zone_text(wire, record);
        case DnsType::txt:
            return pieces(wire, raw.begin + raw.size);
        default:
            return fmt::format("\\# {} {}", raw.size, to_hex(wire.bytes(raw.size)));
    }
}

}  // namespace

RawRecord read_record(WireReader& wire) {
    RawRecord raw;
    raw.owner = wire.name();
    raw.type = wire.word();
    raw.record_class = wire.word();
    raw.ttl = wire.double_word();
    raw.size = wire.word();
    raw.begin = wire.at();
    static_cast<void>(wire.bytes(raw.size));
    return raw;
}

DnsRecord explained(WireReader& wire, const RawRecord& raw) {
    const std::size_t after = wire.at();
    DnsRecord record;
    record.owner = small(raw.owner);
    record.type = raw.type;
    record.ttl = raw.ttl > kLongestTtl ? 0 : raw.ttl;
    wire.go_to(raw.begin);
    record.text = data_text(wire, raw, record);
    const bool address = raw.type == static_cast<std::uint16_t>(DnsType::a) ||
                         raw.type == static_cast<std::uint16_t>(DnsType::aaaa);
    if (wire.at() != after || (address && record.text.empty())) {
        wire.go_to(std::string::npos);
        return record;
    }
    return record;
}

}  // namespace cxedge::plugins
