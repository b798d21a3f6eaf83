// SPDX-License-Identifier: Apache-2.0
// Whether an answer is what it should be. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/probe_dns/dns_reply.hpp"

namespace cxedge::plugins {

struct DnsWanted {
    DnsType type = DnsType::a;
    std::vector<std::string> rcodes;  // any of them
    // Records of the type: at least one, and none that is not among these; empty: any.
    std::vector<std::string> expect;
};

struct DnsVerdict {
    probes::ProbeResult result = probes::ProbeResult::ok;
    std::string step;
    std::string detail;
};
DnsVerdict judge(const DnsReply& reply, const DnsWanted& wanted);

// Of a question for a name that does not exist.
enum class Hijack : std::uint8_t { unknown, no, yes };
Hijack hijack_of(const DnsReply& reply);

// The texts of an answer's records of a type, with commas.
std::string dns_texts(const DnsMessage& message, DnsType type);
// The shortest, in seconds; nothing where there are no records.
std::optional<std::uint32_t> shortest_ttl(const DnsMessage& message);
// Of its first SOA record.
std::optional<std::uint32_t> zone_serial(const DnsMessage& message);

}  // namespace cxedge::plugins
