// SPDX-License-Identifier: Apache-2.0
// Messages of the domain name system: questions to bytes, bytes to answers (RFC 1035, EDNS0 of
// RFC 6891). Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::plugins {

// IANA "Domain Name System (DNS) Parameters": resource record types.
enum class DnsType : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    opt = 41,
};
// "A", "AAAA", "NS", "SOA", "MX", "TXT", "PTR", "CNAME".
const std::vector<std::string>& dns_type_names();
std::optional<DnsType> dns_type(std::string_view name);

// IANA likewise: RCODEs. Extended by EDNS0 to 12 bits.
enum class DnsRcode : std::uint16_t {
    noerror = 0,
    formerr = 1,
    servfail = 2,
    nxdomain = 3,
    notimp = 4,
    refused = 5,
};
// The known ones by number, then "OTHER".
const std::vector<std::string>& dns_rcode_names();
// Place in dns_rcode_names().
std::size_t dns_rcode_place(std::uint16_t rcode);
std::string dns_rcode_name(std::uint16_t rcode);  // "RCODE23" where it has none here

// The size of datagrams that all paths carry (DNS flag day 2020).
inline constexpr std::uint16_t kDnsDatagram = 1232;

struct DnsQuestion {
    std::string name;  // as written in a file: dots between labels, \. and \123 in them
    DnsType type = DnsType::a;
    std::uint16_t id = 0;
    bool recursion = true;  // the server shall find out
    bool edns = true;       // with a datagram size of ours
};

// What is wrong with a name, or empty: labels of 1 to 63 bytes, 255 in all, printable ASCII.
std::string check_dns_name(const std::string& name);
// The question as sent. Requires a name that check_dns_name() likes.
std::string dns_query(const DnsQuestion& question);
// The name with its letters large or small as the bits of `random` say (again from the first after
// 64), so that who forges an answer has to guess them too (draft-vixie-dnsext-dns0x20-00).
std::string dns_random_case(const std::string& name, std::uint64_t random);
// "1.2.0.192.in-addr.arpa" of "192.0.2.1", likewise for IPv6; nothing for anything else.
std::optional<std::string> dns_reverse_name(const std::string& address);

struct DnsRecord {
    std::string owner;
    std::uint16_t type = 0;
    std::uint32_t ttl = 0;  // s
    // As in a file: "192.0.2.1", "10 mail.example", names in small letters and without the last
    // dot; \# 4 01020304 for a type that is unknown here (RFC 3597).
    std::string text;
    std::optional<std::uint32_t> serial;  // of a SOA
};

struct DnsMessage {
    std::uint16_t id = 0;
    bool response = false;
    bool authoritative = false;
    bool truncated = false;  // then it holds no records here
    bool recursion_available = false;
    bool authentic = false;
    std::uint16_t rcode = 0;  // with the bits of EDNS0
    bool asks = false;        // it repeats a question:
    std::string name;         // letters as they came
    std::uint16_t type = 0;
    std::vector<DnsRecord> answers;  // of class IN
};
// corrupt: not such a message, or one that ends too early, or points at itself.
Result<DnsMessage> read_dns_message(std::string_view bytes);

// Whether bytes from the server belong to a question that was sent: id and repeated question, to
// the letter. Says nothing about what follows.
bool answers_question(std::string_view bytes, const DnsQuestion& question);

// RFC 1035 section 4.2.2: messages of a stream, each with its length in front.
class DnsFramer {
public:
    static std::string framed(std::string_view message);
    void feed(std::string_view bytes) { held_ += bytes; }
    // The next whole one.
    std::optional<std::string> next();

private:
    std::string held_;
};

}  // namespace cxedge::plugins
