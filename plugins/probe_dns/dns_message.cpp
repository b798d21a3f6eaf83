// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_message.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <arpa/inet.h>
#include <fmt/core.h>

#include "plugins/probe_dns/dns_records.hpp"
#include "plugins/probe_dns/wire_reader.hpp"

namespace cxedge::plugins {
namespace {

// RFC 1035 section 4.1.1: the second word of a header.
constexpr unsigned kResponse = 0x8000;
constexpr unsigned kAuthoritative = 0x0400;
constexpr unsigned kTruncated = 0x0200;
constexpr unsigned kRecursionDesired = 0x0100;
constexpr unsigned kRecursionAvailable = 0x0080;
constexpr unsigned kAuthentic = 0x0020;  // RFC 4035 section 3.2.3
constexpr unsigned kRcode = 0x000F;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kClassIn = 1;

constexpr std::size_t kMostLabel = 63;
constexpr std::size_t kMostName = 255;

const std::map<std::string, DnsType, std::less<>>& types() {
    static const std::map<std::string, DnsType, std::less<>> kTypes{
        {"A", DnsType::a},
        {"AAAA", DnsType::aaaa},
        {"CNAME", DnsType::cname},
        {"MX", DnsType::mx},
        {"NS", DnsType::ns},
        {"PTR", DnsType::ptr},
        {"SOA", DnsType::soa},
        {"TXT", DnsType::txt}};
    return kTypes;
}

void put_word(std::string& out, unsigned value) {
    out += static_cast<char>(value >> 8U & 0xFFU);
    out += static_cast<char>(value & 0xFFU);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// One letter of a name, "\." or "\123", which `at` then is behind.
std::optional<char> unescaped(const std::string& name, std::size_t& at) {
    if (name[at] != '\\') {
        return name[at++];
    }
    if (at + 3 < name.size() && is_digit(name[at + 1]) && is_digit(name[at + 2]) &&
        is_digit(name[at + 3])) {
        const int value =
            (name[at + 1] - '0') * 100 + (name[at + 2] - '0') * 10 + name[at + 3] - '0';
        at += 4;
        return value <= 255 ? std::optional(static_cast<char>(value)) : std::nullopt;
    }
    if (at + 1 >= name.size() || is_digit(name[at + 1])) {
        return std::nullopt;
    }
    at += 2;
    return name[at - 1];
}

bool put_label(std::string& wire, const std::string& label) {
    if (label.empty() || label.size() > kMostLabel) {
        return false;
    }
    wire += static_cast<char>(label.size());
    wire += label;
    return true;
}

// Nothing: not a name.
std::optional<std::string> wire_name(const std::string& name) {
    std::string wire;
    std::string label;
    for (std::size_t at = 0; at < name.size();) {
        if (name[at] != '.') {
            const auto letter = unescaped(name, at);
            if (!letter) {
                return std::nullopt;
            }
            label += *letter;
            continue;
        }
        ++at;
        const bool root = name.size() == 1;
        if (!root && !put_label(wire, label)) {
            return std::nullopt;
        }
        label.clear();
    }
    if (!label.empty() && !put_label(wire, label)) {
        return std::nullopt;
    }
    wire += '\0';
    return wire.size() <= kMostName && !name.empty() ? std::optional(wire) : std::nullopt;
}

// RFC 6891 section 6.1.2: no options.
void put_opt(std::string& out) {
    out += '\0';
    put_word(out, static_cast<unsigned>(DnsType::opt));
    put_word(out, kDnsDatagram);
    put_word(out, 0);  // extended rcode and version
    put_word(out, 0);  // flags
    put_word(out, 0);  // length
}

struct Counts {
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
    std::uint16_t others = 0;
    std::uint16_t additional = 0;
};

Counts read_header(WireReader& wire, DnsMessage& message) {
    message.id = wire.word();
    const unsigned flags = wire.word();
    message.response = (flags & kResponse) != 0;
    message.authoritative = (flags & kAuthoritative) != 0;
    message.truncated = (flags & kTruncated) != 0;
    message.recursion_available = (flags & kRecursionAvailable) != 0;
    message.authentic = (flags & kAuthentic) != 0;
    message.rcode = static_cast<std::uint16_t>(flags & kRcode);
    Counts counts;
    counts.questions = wire.word();
    counts.answers = wire.word();
    counts.others = wire.word();
    counts.additional = wire.word();
    return counts;
}

void read_question(WireReader& wire, DnsMessage& message, const Counts& counts) {
    for (unsigned i = 0; i < counts.questions && wire.good(); ++i) {
        message.name = wire.name();
        message.type = wire.word();
        static_cast<void>(wire.word());
        message.asks = wire.good() && counts.questions == 1;
    }
}

void read_additional(WireReader& wire, DnsMessage& message, const Counts& counts) {
    for (unsigned i = 0; i < counts.additional && wire.good(); ++i) {
        const RawRecord record = read_record(wire);
        if (record.type == static_cast<std::uint16_t>(DnsType::opt)) {
            // The upper eight of twelve bits.
            message.rcode =
                static_cast<std::uint16_t>((record.ttl >> 24U) << 4U | (message.rcode & kRcode));
        }
    }
}

void read_records(WireReader& wire, DnsMessage& message, const Counts& counts) {
    for (unsigned i = 0; i < counts.answers && wire.good(); ++i) {
        const RawRecord record = read_record(wire);
        if (wire.good() && record.record_class == kClassIn) {
            message.answers.push_back(explained(wire, record));
        }
    }
    for (unsigned i = 0; i < counts.others && wire.good(); ++i) {
        static_cast<void>(read_record(wire));
    }
    read_additional(wire, message, counts);
}

}  // namespace

const std::vector<std::string>& dns_type_names() {
    static const std::vector<std::string> kNames = [] {
        std::vector<std::string> names;
        for (const auto& [name, type] : types()) {
            names.push_back(name);
        }
        return names;
    }();
    return kNames;
}

std::optional<DnsType> dns_type(std::string_view name) {
    const auto found = types().find(name);
    return found == types().end() ? std::nullopt : std::optional(found->second);
}

const std::vector<std::string>& dns_rcode_names() {
    static const std::vector<std::string> kNames{
        "NOERROR",
        "FORMERR",
        "SERVFAIL",
        "NXDOMAIN",
        "NOTIMP",
        "REFUSED",
        "YXDOMAIN",
        "YXRRSET",
        "NXRRSET",
        "NOTAUTH",
        "NOTZONE",
        "OTHER"};
    return kNames;
}

std::size_t dns_rcode_place(std::uint16_t rcode) {
    return std::min<std::size_t>(rcode, dns_rcode_names().size() - 1);
}

std::string dns_rcode_name(std::uint16_t rcode) {
    const std::size_t place = dns_rcode_place(rcode);
    return place + 1 == dns_rcode_names().size() ? fmt::format("RCODE{}", rcode)
                                                 : dns_rcode_names()[place];
}

std::string check_dns_name(const std::string& name) {
    const bool printable =
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (!printable) {
        return "must be in ASCII (xn--... for other letters)";
    }
    return wire_name(name) ? "" : "is not a name: labels of 1 to 63 letters, 253 in all";
}

std::string dns_query(const DnsQuestion& question) {
    std::string out;
    put_word(out, question.id);
    put_word(out, question.recursion ? kRecursionDesired : 0);
    put_word(out, 1);
    put_word(out, 0);
    put_word(out, 0);
    put_word(out, question.edns ? 1 : 0);
    out += wire_name(question.name).value_or(std::string(1, '\0'));
    put_word(out, static_cast<unsigned>(question.type));
    put_word(out, kClassIn);
    if (question.edns) {
        put_opt(out);
    }
    return out;
}

std::string dns_random_case(const std::string& name, std::uint64_t random) {
    std::string mixed = name;
    constexpr std::size_t kBits = 64;
    for (std::size_t i = 0; i < mixed.size(); ++i) {
        const auto letter = static_cast<unsigned char>(mixed[i]);
        const bool large = (random >> (i % kBits) & 1U) != 0;
        mixed[i] = static_cast<char>(large ? std::toupper(letter) : std::tolower(letter));
    }
    return mixed;
}

std::optional<std::string> dns_reverse_name(const std::string& address) {
    in_addr v4{};
    if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) {
        const std::uint32_t bits = ntohl(v4.s_addr);
        return fmt::format(
            "{}.{}.{}.{}.in-addr.arpa",
            bits & 0xFFU,
            bits >> 8U & 0xFFU,
            bits >> 16U & 0xFFU,
            bits >> 24U
        );
    }
    in6_addr v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) {
        return std::nullopt;
    }
    std::string name;
    for (std::size_t i = sizeof v6.s6_addr; i-- > 0;) {
        name += fmt::format("{:x}.{:x}.", v6.s6_addr[i] & 0xFU, v6.s6_addr[i] >> 4U);
    }
    return name + "ip6.arpa";
}

Result<DnsMessage> read_dns_message(std::string_view bytes) {
    WireReader wire(bytes);
    DnsMessage message;
    const Counts counts = read_header(wire, message);
    if (!wire.good()) {
        return corrupt("is too short for a DNS message");
    }
    read_question(wire, message, counts);
    if (message.truncated && wire.good()) {
        return message;
    }
    read_records(wire, message, counts);
    if (!wire.good()) {
        return corrupt("a DNS message that ends too early or points at itself");
    }
    return message;
}

bool answers_question(std::string_view bytes, const DnsQuestion& question) {
    WireReader wire(bytes);
    DnsMessage message;
    const Counts counts = read_header(wire, message);
    if (!wire.good() || !message.response || message.id != question.id) {
        return false;
    }
    if (counts.questions == 0) {
        // Who could or would not read the question need not repeat it.
        return message.rcode != static_cast<std::uint16_t>(DnsRcode::noerror) &&
               message.rcode != static_cast<std::uint16_t>(DnsRcode::nxdomain);
    }
    std::string wanted = wire_name(question.name).value_or("");
    put_word(wanted, static_cast<unsigned>(question.type));
    put_word(wanted, kClassIn);
    return counts.questions == 1 && bytes.substr(kHeaderBytes, wanted.size()) == wanted;
}

std::string DnsFramer::framed(std::string_view message) {
    std::string out;
    put_word(out, static_cast<unsigned>(message.size()));
    out += message;
    return out;
}

std::optional<std::string> DnsFramer::next() {
    if (held_.size() < 2) {
        return std::nullopt;
    }
    WireReader wire(held_);
    const std::size_t size = wire.word();
    const std::string message(wire.bytes(size));
    if (!wire.good()) {
        return std::nullopt;
    }
    held_.erase(0, size + 2);
    return message;
}

}  // namespace cxedge::plugins
