// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_finding.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <sys/socket.h>

namespace cxedge::plugins {
namespace {

using probes::Figure;
using probes::Finding;
using probes::ProbeResult;

const std::vector<std::string>& access_words() {
    static const std::vector<std::string> kWords{"dgram", "raw", "none"};
    return kWords;
}

// A router that forbids it (RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1), in words.
bool prohibits(const probes::PacketError& error) {
    constexpr std::uint8_t kUnreachableV4 = 3;
    constexpr std::uint8_t kNetProhibited = 9;
    constexpr std::uint8_t kHostProhibited = 10;
    constexpr std::uint8_t kProhibitedV4 = 13;
    constexpr std::uint8_t kUnreachableV6 = 1;
    constexpr std::uint8_t kProhibitedV6 = 1;
    const std::uint8_t code = error.code;
    if (error.to.is_v6()) {
        return error.type == kUnreachableV6 && code == kProhibitedV6;
    }
    return error.type == kUnreachableV4 &&
           (code == kNetProhibited || code == kHostProhibited || code == kProhibitedV4);
}

std::string words_of_router(const probes::PacketError& error) {
    return prohibits(error) ? "it is prohibited there (a firewall)"
                            : std::generic_category().message(error.error);
}

std::string address_family_text(int family, const std::string& setting) {
    return family == AF_INET ? "4" : family == AF_INET6 ? "6" : setting;
}

// The figures of packets of one size.
class SizeFigures {
public:
    SizeFigures(std::vector<Dimension> dims, std::vector<Figure>& figures)
        : dims_(std::move(dims)), figures_(figures) {}

    void add(const EchoTally& tally) {
        add_values("net.icmp.rtt", Kind::histogram, "s", tally.rtt);
        add_count("net.icmp.sent", tally.sent);
        add_count("net.icmp.lost", tally.lost);
        add_count("net.icmp.duplicates", tally.duplicates);
        add_count("net.icmp.reordered", tally.reordered);
        add_values(
            "net.icmp.jitter",
            Kind::gauge,
            "s",
            tally.jitter ? std::vector{*tally.jitter} : std::vector<double>()
        );
    }

private:
    void add_values(const char* metric, Kind kind, const char* unit, std::vector<double> values) {
        SeriesInfo info;
        info.key = {metric, dims_};
        info.kind = kind;
        info.unit = unit;
        figures_.push_back({std::move(info), std::move(values)});
    }
    void add_count(const char* metric, std::uint64_t count) {
        add_values(metric, Kind::delta, "{packet}", {static_cast<double>(count)});
    }

    std::vector<Dimension> dims_;
    std::vector<Figure>& figures_;
};

std::vector<EchoTally> tallies_of(const IcmpSettings& settings, const BurstOutcome& outcome) {
    const std::int64_t wait_ns = std::chrono::nanoseconds(settings.wait).count();
    std::vector<EchoTally> out;
    for (std::size_t i = 0; i < settings.payload_bytes.size(); ++i) {
        out.push_back(tally(outcome.slots, static_cast<std::uint16_t>(i), wait_ns));
    }
    return out;
}

std::vector<Figure> figures_of(
    const IcmpSettings& settings, const BurstOutcome& outcome, const std::vector<EchoTally>& sizes
) {
    std::vector<Figure> figures;
    const Dimension af{"af", address_family_text(outcome.family, settings.family)};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        std::vector<Dimension> dims{af};
        if (sizes.size() > 1) {
            dims.push_back({"size", std::to_string(settings.payload_of(i))});
        }
        SizeFigures(std::move(dims), figures).add(sizes[i]);
    }
    SeriesInfo ttl;
    ttl.key = {"net.icmp.ttl", {af}};
    ttl.unit = "{hop}";
    figures.push_back({ttl, {}});
    if (outcome.ttl >= 0) {
        figures.back().values = {static_cast<double>(outcome.ttl)};
    }
    SeriesInfo socket;
    socket.key = {"probe.icmp.socket", {af}};
    socket.kind = Kind::state;
    socket.unit = "1";
    socket.states = access_words();
    figures.push_back({socket, {}});
    if (outcome.access) {
        figures.back().values = {static_cast<double>(*outcome.access)};
    }
    return figures;
}

struct Sum {
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
    std::uint64_t by_kernel = 0;
};

Sum sum_of(const std::vector<EchoTally>& sizes) {
    Sum sum;
    for (const EchoTally& size : sizes) {
        sum.sent += size.sent;
        sum.lost += size.lost;
        sum.by_kernel += size.by_kernel;
    }
    return sum;
}

// Sizes that never come back while others do: a line, or a tunnel on it, that swallows long
// packets.
std::string lost_sizes(const IcmpSettings& settings, const std::vector<EchoTally>& sizes) {
    std::string lost;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i].sent > 0 && sizes[i].lost == sizes[i].sent) {
            lost += (lost.empty() ? "" : ", ") + std::to_string(settings.payload_of(i));
        }
    }
    return lost.empty() ? lost : "no reply to packets of " + lost + " bytes, only to others";
}

void judge(
    const IcmpSettings& settings,
    const BurstOutcome& outcome,
    const std::vector<EchoTally>& sizes,
    Finding& finding
) {
    const Sum sum = sum_of(sizes);
    if (outcome.capped) {
        finding.result = ProbeResult::capped;
        finding.detail = "the budget is spent";
    } else if (sum.lost < sum.sent) {
        finding.detail = lost_sizes(settings, sizes);
    } else if (outcome.trouble) {
        finding.result = outcome.trouble->result;
        finding.step = outcome.trouble->step;
        finding.detail = outcome.trouble->detail;
    } else {
        finding.result = ProbeResult::timeout;
        finding.step = "reply";
        finding.detail = fmt::format(
            "no reply from {} to {} echo request(s): it is down, or a firewall drops ICMP",
            outcome.address,
            sum.sent
        );
    }
}

void add_facts(const BurstOutcome& outcome, const Sum& sum, Finding& finding) {
    if (!outcome.address.empty()) {
        finding.facts.emplace_back("address", outcome.address);
    }
    if (outcome.access) {
        finding.facts.emplace_back(
            "socket", access_words().at(static_cast<std::size_t>(*outcome.access))
        );
    }
    const std::uint64_t replies = sum.sent - sum.lost;
    if (replies > 0) {
        finding.facts.emplace_back(
            "time stamps",
            sum.by_kernel == replies
                ? "the kernel's"
                : fmt::format("the kernel's for {} of {} replies", sum.by_kernel, replies)
        );
    }
}

}  // namespace

EchoTrouble name_trouble(const std::string& address, const Error& error) {
    return {ProbeResult::dns_error, "dns", address + ": " + error.message};
}

EchoTrouble socket_trouble(int family, const std::string& interface, int error) {
    const ProbeResult result = probes::result_of_socket(error);
    if (result == ProbeResult::no_permission) {
        return {
            result,
            "socket",
            "neither ICMP datagram sockets are permitted to this process (sysctl "
            "net.ipv4.ping_group_range does not hold its group) nor raw ones (CAP_NET_RAW)"};
    }
    if (error == EAFNOSUPPORT) {
        return {
            result, "socket", family == AF_INET6 ? "this box has no IPv6" : "this box has no IPv4"};
    }
    return {result, "socket", probes::words_of_socket(error, interface)};
}

EchoTrouble send_trouble(const std::string& to, int error) {
    return {probes::result_of_errno(error), "route", probes::words_of_sending(to, error)};
}

EchoTrouble router_trouble(const std::string& to, const probes::PacketError& error) {
    const std::string who = error.offender.text();
    if (error.error == EMSGSIZE) {
        return {
            ProbeResult::timeout,
            "route",
            fmt::format("too long for the way to {}: {} lets {} bytes pass", to, who, error.mtu)};
    }
    return {
        probes::result_of_errno(error.error),
        "route",
        fmt::format(
            "{} says of {}: {} (ICMP type {}, code {})",
            who.empty() ? "the kernel" : who,
            to,
            words_of_router(error),
            error.type,
            error.code
        )};
}

Finding finding_of(const IcmpSettings& settings, const BurstOutcome& outcome) {
    const std::vector<EchoTally> sizes = tallies_of(settings, outcome);
    Finding finding;
    finding.figures = figures_of(settings, outcome, sizes);
    judge(settings, outcome, sizes, finding);
    add_facts(outcome, sum_of(sizes), finding);
    return finding;
}

}  // namespace cxedge::plugins
