// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/dns_run.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/durable_file.hpp"
#include "agent/base/ids.hpp"

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::ProbeResult;

// IANA Service Name and Transport Protocol Port Number Registry: domain, domain-s.
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kDotPort = 853;
constexpr std::size_t kLargestConf = 65'536;

// 80 bits that nobody has asked for before.
std::string random_label() {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
    constexpr std::size_t kSize = 16;
    constexpr unsigned kBits = 5;
    std::string label;
    std::uint64_t random = 0;
    for (std::size_t i = 0; i < kSize; ++i, random >>= kBits) {
        random = i % (kSize / 2) == 0 ? random_u64() : random;
        label += kLetters[random % kLetters.size()];
    }
    return label;
}

std::string resolv_conf() {
    const auto text = load_file(kResolvConf, kLargestConf);
    return text ? *text : std::string();
}

}  // namespace

DnsRun::DnsRun(
    const DnsSettings& settings,
    const probes::TlsTrust* trust,
    const probes::Target& target,
    const probes::ProbeContext& context
)
    : settings_(settings), trust_(trust), context_(context), target_(target.address) {}

void DnsRun::begin(Done done) {
    done_ = std::move(done);
    begun_ns_ = probes::monotonic_ns();
    make_questions();
    const auto server =
        name_server(target_, resolv_conf(), settings_.transport == "dot" ? kDotPort : kDnsPort);
    if (!server) {
        later_ = context_.loop.after(std::chrono::milliseconds(0), [this, why = server.error()] {
            fail_all(no_dns_reply(ProbeResult::dns_error, "dns", why.message));
        });
        return;
    }
    server_ = *server;
    if (settings_.transport != "udp") {
        ask_by_stream();
        return;
    }
    look_up_ = context_.resolver.resolve(
        server_.host,
        probes::family_of(settings_.family),
        context_.timeout,
        [this](const Result<probes::Resolver::Found>& found) { ask_by_datagrams(found); }
    );
}

void DnsRun::make_questions() {
    const DnsType type = dns_type(settings_.qtype).value_or(DnsType::a);
    for (const std::string& name : settings_.queries) {
        add_question(name, type, false);
    }
    if (settings_.hijack_check) {
        add_question(random_label() + ".invalid", DnsType::a, true);  // RFC 2606 section 2
    }
    if (!settings_.hijack_zone.empty()) {
        add_question(random_label() + "." + settings_.hijack_zone, DnsType::a, true);
    }
    open_ = account_.cases.size();
}

void DnsRun::add_question(const std::string& name, DnsType type, bool of_nothing) {
    DnsCase one;
    one.name = name;
    one.of_nothing = of_nothing;
    one.question.name = name;
    if (type == DnsType::ptr) {
        one.question.name = dns_reverse_name(name).value_or(name);
    }
    if (settings_.random_case) {
        one.question.name = dns_random_case(one.question.name, random_u64());
    }
    one.question.type = type;
    one.question.id = static_cast<std::uint16_t>(random_u64());
    one.question.recursion = settings_.recursion;
    one.question.edns = settings_.edns;
    account_.cases.push_back(std::move(one));
}

std::chrono::milliseconds DnsRun::left() const {
    const auto spent = std::chrono::nanoseconds(probes::monotonic_ns() - begun_ns_);
    return std::max(
        context_.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(spent),
        std::chrono::milliseconds(1)
    );
}

DnsStreamWay DnsRun::stream_way() const {
    DnsStreamWay way;
    way.host = server_.host;
    way.port = server_.port;
    way.family = probes::family_of(settings_.family);
    way.trust = settings_.transport == "dot" ? trust_ : nullptr;
    way.tls_name = settings_.tls_name;
    way.timeout = left();
    return way;
}

void DnsRun::ask_by_stream() {
    std::vector<DnsQuestion> questions;
    for (const DnsCase& each : account_.cases) {
        questions.push_back(each.question);
    }
    streams_.push_back(std::make_unique<DnsStream>(
        context_,
        stream_way(),
        std::move(questions),
        [this](DnsStreamReport report) { take_stream(std::move(report)); }
    ));
}

void DnsRun::take_stream(DnsStreamReport report) {
    for (std::size_t i = 0; i < account_.cases.size(); ++i) {
        account_.cases[i].reply = std::move(report.replies[i]);
    }
    account_.stream = std::move(report);
    finish();
}

void DnsRun::ask_by_datagrams(const Result<probes::Resolver::Found>& found) {
    if (!found) {
        fail_all(no_dns_reply(ProbeResult::dns_error, "dns", found.error().message));
        return;
    }
    address_ = found->addresses.front();
    address_.set_port(server_.port);
    const DnsDatagram::Way way{address_, static_cast<unsigned>(settings_.tries), left()};
    for (std::size_t i = 0; i < account_.cases.size(); ++i) {
        datagrams_.push_back(std::make_unique<DnsDatagram>(
            context_,
            way,
            account_.cases[i].question,
            [this, i](DnsReply reply) { take_datagram(i, std::move(reply)); }
        ));
    }
}

void DnsRun::take_datagram(std::size_t number, DnsReply reply) {
    if (reply.message && reply.message->truncated) {
        ask_again(number, reply);
        return;
    }
    settle(number, std::move(reply));
}

void DnsRun::ask_again(std::size_t number, const DnsReply& truncated) {
    DnsCase& one = account_.cases[number];
    one.truncated = true;
    DnsStreamWay way = stream_way();
    way.host = probes::is_numeric(server_.host) ? server_.host : address_.text();
    const std::int64_t asked_ns =
        probes::monotonic_ns() - static_cast<std::int64_t>(truncated.took_s * 1e9);
    const unsigned repeats = truncated.repeats;
    streams_.push_back(std::make_unique<DnsStream>(
        context_,
        std::move(way),
        std::vector<DnsQuestion>{one.question},
        [this, number, asked_ns, repeats](const DnsStreamReport& report) {
            DnsReply reply = report.replies.front();
            // It took as long as both ways together.
            reply.took_s = probes::seconds_since(asked_ns);
            reply.repeats = repeats;
            if (!reply.message) {
                reply.detail = "the answer is truncated, and over TCP: " + reply.detail;
            }
            settle(number, std::move(reply));
        }
    ));
}

void DnsRun::settle(std::size_t number, DnsReply reply) {
    account_.cases[number].reply = std::move(reply);
    if (--open_ == 0) {
        finish();
    }
}

void DnsRun::fail_all(const DnsReply& reply) {
    for (DnsCase& each : account_.cases) {
        each.reply = reply;
    }
    finish();
}

// The last thing that a run does; datagrams and streams have closed what they had.
void DnsRun::finish() {
    probes::Finding finding = dns_finding(settings_, account_);
    if (address_.family() != AF_UNSPEC) {
        finding.facts.emplace(finding.facts.begin(), "server", address_.text());
    }
    const Done done = std::move(done_);
    done(std::move(finding));
}

}  // namespace cxedge::plugins
