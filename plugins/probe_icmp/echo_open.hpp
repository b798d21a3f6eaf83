// SPDX-License-Identifier: Apache-2.0
// Opens the socket for ICMP echo that this process may have. Thread: any.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/unique_fd.hpp"

namespace cxedge::plugins {

// The order is that of the states of `probe.icmp.socket`.
enum class EchoAccess : std::uint8_t { dgram, raw, none };

struct EchoSocket {
    EchoAccess access = EchoAccess::none;
    UniqueFd fd;
    std::uint16_t ident = 0;  // of requests, as on the wire
    int error = 0;            // errno of access `none`; EACCES, EPERM: neither kind is permitted
};

// A datagram socket (icmp(7): net.ipv4.ping_group_range, for IPv6 too), which hears of its own
// requests only; else a raw one (CAP_NET_RAW) that is told echo replies only. `family`: AF_INET,
// AF_INET6. `interface` empty: as routed.
EchoSocket open_echo_socket(int family, const std::string& interface);

}  // namespace cxedge::plugins
