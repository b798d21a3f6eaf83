// SPDX-License-Identifier: Apache-2.0
// What a burst says, in series and in words. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "plugins/_probes/packet_socket.hpp"
#include "plugins/_probes/probe.hpp"
#include "plugins/probe_icmp/echo_open.hpp"
#include "plugins/probe_icmp/echo_tally.hpp"
#include "plugins/probe_icmp/icmp_settings.hpp"

namespace cxedge::plugins {

// Why packets do not come back, as far as somebody says.
struct EchoTrouble {
    probes::ProbeResult result = probes::ProbeResult::timeout;
    std::string step;
    std::string detail;
};

EchoTrouble name_trouble(const std::string& address, const Error& error);
// Of open_echo_socket().
EchoTrouble socket_trouble(int family, const std::string& interface, int error);
// Of sendmsg(2), `to` as text.
EchoTrouble send_trouble(const std::string& to, int error);
// What a router, or the kernel, said of a packet.
EchoTrouble router_trouble(const std::string& to, const probes::PacketError& error);

struct BurstOutcome {
    int family = 0;       // AF_UNSPEC: not known
    std::string address;  // empty: never known
    std::optional<EchoAccess> access;
    std::span<const EchoSlot> slots;
    int ttl = -1;  // of the last reply; -1: none
    bool capped = false;
    std::optional<EchoTrouble> trouble;  // the first
};
probes::Finding finding_of(const IcmpSettings& settings, const BurstOutcome& outcome);

}  // namespace cxedge::plugins
