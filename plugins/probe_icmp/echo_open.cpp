// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_open.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "agent/base/ids.hpp"
#include "agent/base/socket_address.hpp"

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

// ICMP_FILTER of <linux/icmp.h>, which does not go together with <netinet/ip_icmp.h>: a mask of the
// types that are not wanted.
constexpr int kIcmpFilter = 1;
// Replies and stamps of a burst to every target wait here while the loop is busy. The kernel gives
// what net.core.rmem_max allows.
constexpr int kReceiveBuffer = 1 << 20;

int protocol_of(int family) {
    return family == AF_INET6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
}

// Errors are told on the error queue and need not come here.
void let_replies_pass(int fd, int family) {
    if (family == AF_INET6) {
        icmp6_filter filter{};
        for (auto& types : filter.icmp6_filt) {
            types = ~0U;
        }
        filter.icmp6_filt[ICMP6_ECHO_REPLY / 32] = ~(1U << (ICMP6_ECHO_REPLY % 32U));
        ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
        return;
    }
    const std::uint32_t unwanted = ~(1U << ICMP_ECHOREPLY);
    ::setsockopt(fd, SOL_RAW, kIcmpFilter, &unwanted, sizeof unwanted);
}

// The kernel chooses it; it is the socket's "port".
std::uint16_t bind_ident(int fd, int family) {
    const SocketAddress any = SocketAddress::any(family);
    if (::bind(fd, any.data(), any.size()) != 0) {
        return 0;
    }
    const auto bound = SocketAddress::of_socket(fd);
    return bound ? bound->port() : 0;
}

}  // namespace

EchoSocket open_echo_socket(int family, const std::string& interface) {
    EchoSocket out;
    probes::Opened opened = probes::open_socket(family, SOCK_DGRAM, protocol_of(family), interface);
    if (opened) {
        out.access = EchoAccess::dgram;
        out.ident = bind_ident(opened.fd.get(), family);
    } else {
        opened = probes::open_socket(family, SOCK_RAW, protocol_of(family), interface);
        if (!opened) {
            out.error = opened.error;
            return out;
        }
        out.access = EchoAccess::raw;
        out.ident = static_cast<std::uint16_t>(random_u32() & 0xffffU);
        let_replies_pass(opened.fd.get(), family);
    }
    ::setsockopt(opened.fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    out.fd = std::move(opened.fd);
    return out;
}

}  // namespace cxedge::plugins
