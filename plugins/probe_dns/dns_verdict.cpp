// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_verdict.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

using probes::ProbeResult;

bool of_type(const DnsRecord& record, DnsType type) {
    return record.type == static_cast<std::uint16_t>(type);
}

bool same_letter(char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
}

// Large or small letters and a last dot do not matter.
bool same_text(std::string_view a, std::string_view b) {
    a.remove_suffix(a.size() > 1 && a.ends_with('.') ? 1 : 0);
    b.remove_suffix(b.size() > 1 && b.ends_with('.') ? 1 : 0);
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_letter);
}

bool is_expected(const DnsRecord& record, const std::vector<std::string>& expect) {
    return std::any_of(expect.begin(), expect.end(), [&](const std::string& text) {
        return same_text(record.text, text);
    });
}

DnsVerdict judge_records(const DnsMessage& message, const DnsWanted& wanted) {
    bool any = false;
    for (const DnsRecord& record : message.answers) {
        if (!of_type(record, wanted.type)) {
            continue;
        }
        any = true;
        if (!is_expected(record, wanted.expect)) {
            return {
                ProbeResult::body_mismatch,
                "server",
                fmt::format("answers {}, which is not expected", record.text)};
        }
    }
    return any ? DnsVerdict()
               : DnsVerdict{ProbeResult::body_mismatch, "server", "answers without a record"};
}

}  // namespace

DnsVerdict judge(const DnsReply& reply, const DnsWanted& wanted) {
    if (!reply.message) {
        return {reply.result, reply.step, reply.detail};
    }
    const std::string rcode = dns_rcode_name(reply.message->rcode);
    if (std::find(wanted.rcodes.begin(), wanted.rcodes.end(), rcode) == wanted.rcodes.end()) {
        return {ProbeResult::bad_status, "server", "answers " + rcode};
    }
    return wanted.expect.empty() ? DnsVerdict() : judge_records(*reply.message, wanted);
}

Hijack hijack_of(const DnsReply& reply) {
    if (!reply.message) {
        return Hijack::unknown;
    }
    const DnsMessage& message = *reply.message;
    if (message.rcode == static_cast<std::uint16_t>(DnsRcode::nxdomain)) {
        return Hijack::no;
    }
    if (message.rcode != static_cast<std::uint16_t>(DnsRcode::noerror)) {
        return Hijack::unknown;
    }
    // An empty answer leads nobody astray.
    return message.answers.empty() ? Hijack::no : Hijack::yes;
}

std::string dns_texts(const DnsMessage& message, DnsType type) {
    std::string all;
    for (const DnsRecord& record : message.answers) {
        if (of_type(record, type)) {
            all += (all.empty() ? "" : ", ") + record.text;
        }
    }
    return all;
}

std::optional<std::uint32_t> shortest_ttl(const DnsMessage& message) {
    std::optional<std::uint32_t> shortest;
    for (const DnsRecord& record : message.answers) {
        shortest = std::min(record.ttl, shortest.value_or(record.ttl));
    }
    return shortest;
}

std::optional<std::uint32_t> zone_serial(const DnsMessage& message) {
    for (const DnsRecord& record : message.answers) {
        if (record.serial) {
            return record.serial;
        }
    }
    return std::nullopt;
}

}  // namespace cxedge::plugins
