// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/icmp_settings.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "agent/base/socket_address.hpp"

#include "plugins/probe_icmp/echo_packet.hpp"

namespace cxedge::plugins {
namespace {

Schema<IcmpSettings> make_schema() {
    Schema<IcmpSettings> schema;
    probes::add_probe_keys(schema);
    schema.integer("count", &IcmpSettings::count, "Packets of a burst").range(1, 1'000);
    schema.duration("spacing_s", &IcmpSettings::spacing, "From one packet of a burst to the next")
        .range(0.001, 60);
    schema
        .duration(
            "spacing_jitter_s",
            &IcmpSettings::spacing_jitter,
            "A packet is sent up to this much later, at random"
        )
        .range(0, 60);
    schema.duration("wait_s", &IcmpSettings::wait, "A reply that takes longer counts as lost")
        .range(0.01, 60);
    schema
        .numbers(
            "payload_bytes", &IcmpSettings::payload_bytes, "Bytes behind the ICMP header, in turn"
        )
        .range(kEchoCookie, kEchoMostPayload);
    schema.integer("dscp", &IcmpSettings::dscp, "Traffic class of the packets (RFC 2474)")
        .range(0, 63);
    return schema;
}

const Schema<IcmpSettings>& icmp_schema() {
    static const Schema<IcmpSettings> kSchema = make_schema();
    return kSchema;
}

std::string check_host(const std::string& address) {
    if (SocketAddress::parse(address)) {
        return {};
    }
    const bool named = !address.empty() && std::all_of(address.begin(), address.end(), [](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    });
    return named ? std::string()
                 : "\"" + address + "\" is neither a host's name nor its address (no port, no URL)";
}

void add_icmp_problem(
    const SettingsNode& node,
    const std::string& key,
    const std::string& what,
    SettingsProblems& problems
) {
    const SettingsNode* const at = node.find(key);
    problems.add(at != nullptr ? at->position : node.position, key, what);
}

void check_sizes(
    const IcmpSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    std::vector<double> sizes = settings.payload_bytes;
    std::sort(sizes.begin(), sizes.end());
    const bool whole = std::all_of(sizes.begin(), sizes.end(), [](double size) {
        return std::floor(size) == size;
    });
    if (sizes.empty() || !whole) {
        add_icmp_problem(node, "payload_bytes", "must be whole numbers, at least one", problems);
    } else if (std::adjacent_find(sizes.begin(), sizes.end()) != sizes.end()) {
        add_icmp_problem(node, "payload_bytes", "has a size twice", problems);
    } else if (static_cast<std::int64_t>(sizes.size()) > settings.count) {
        add_icmp_problem(node, "count", "is less than there are payload_bytes", problems);
    }
}

void check_length(
    const IcmpSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    if (settings.longest() > settings.timeout) {
        add_icmp_problem(
            node,
            "timeout_s",
            fmt::format(
                "must be at least {} s: so long a burst with its last wait_s may take",
                std::chrono::duration<double>(settings.longest()).count()
            ),
            problems
        );
    }
}

}  // namespace

std::size_t IcmpSettings::payload_of(std::size_t slot) const {
    return static_cast<std::size_t>(payload_bytes[slot % payload_bytes.size()]);
}

std::chrono::milliseconds IcmpSettings::longest() const {
    return (spacing + spacing_jitter) * (count - 1) + wait;
}

IcmpSettings read_icmp_settings(const SettingsNode& settings, SettingsProblems& problems) {
    IcmpSettings read = icmp_schema().read(settings, problems);
    probes::check_probe_settings(read, settings, check_host, problems);
    check_sizes(read, settings, problems);
    check_length(read, settings, problems);
    return read;
}

std::vector<SettingHelp> icmp_settings_help() {
    return icmp_schema().help();
}

}  // namespace cxedge::plugins
