// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_listen_address.hpp"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>

#include "agent/base/socket_address.hpp"

namespace cxedge::devices {
namespace {

constexpr std::string_view kMapped = "::ffff:";

Nearness nearness_v4(std::uint32_t address) {
    const auto within = [&](std::uint32_t network, unsigned bits) {
        return (address >> (32U - bits)) == (network >> (32U - bits));
    };
    if (within(0x7F000000, 8)) {
        return Nearness::box;
    }
    const bool near = within(0x0A000000, 8) || within(0xAC100000, 12) || within(0xC0A80000, 16) ||
                      within(0xA9FE0000, 16) || within(0x64400000, 10);
    return near ? Nearness::network : Nearness::elsewhere;
}

Nearness nearness_v6(const in6_addr& address) {
    if (std::memcmp(&address, &in6addr_loopback, sizeof(address)) == 0) {
        return Nearness::box;
    }
    const unsigned first = address.s6_addr[0];
    const unsigned second = address.s6_addr[1];
    const bool unique_local = (first & 0xFEU) == 0xFCU;
    const bool link_local = first == 0xFEU && (second & 0xC0U) == 0x80U;
    return unique_local || link_local ? Nearness::network : Nearness::elsewhere;
}

Nearness nearness_of(const SocketAddress& address) {
    if (address.is_v6()) {
        in6_addr v6{};
        std::memcpy(&v6, address.host_bytes().data(), sizeof v6);
        return nearness_v6(v6);
    }
    in_addr v4{};
    std::memcpy(&v4, address.host_bytes().data(), sizeof v4);
    return nearness_v4(ntohl(v4.s_addr));
}

}  // namespace

std::string check_listen_address(const std::string& text) {
    return SocketAddress::parse_with_port(text)
               ? ""
               : "must be address:port in numbers, such as 127.0.0.1:8480";
}

Nearness nearness(std::string_view address) {
    if (address.substr(0, kMapped.size()) == kMapped) {
        address.remove_prefix(kMapped.size());
    }
    const auto parsed = SocketAddress::parse(address);
    return parsed ? nearness_of(*parsed) : Nearness::unknown;
}

Nearness nearness_of_listener(const std::string& listen) {
    const auto parsed = SocketAddress::parse_with_port(listen);
    return parsed ? nearness_of(*parsed) : Nearness::unknown;
}

Result<ListenSocket> listen_tcp(const std::string& address) {
    const auto parsed = SocketAddress::parse_with_port(address);
    if (!parsed) {
        return invalid_argument("listen: " + check_listen_address(address));
    }
    const std::string what = "listening on " + address;
    ListenSocket listener;
    listener.fd.reset(::socket(parsed->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.fd) {
        return system_error(what, errno);
    }
    // A restart must not wait for connections of the last run to time out.
    const int on = 1;
    ::setsockopt(listener.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(listener.fd.get(), parsed->data(), parsed->size()) != 0 ||
        ::listen(listener.fd.get(), SOMAXCONN) != 0) {
        return system_error(what, errno);
    }
    const auto bound = SocketAddress::of_socket(listener.fd.get());
    listener.port = bound ? bound->port() : 0;
    return listener;
}

std::string peer_of(const sockaddr* address) {
    const bool v6 = address != nullptr && address->sa_family == AF_INET6;
    const bool v4 = address != nullptr && address->sa_family == AF_INET;
    if (!v6 && !v4) {
        return {};
    }
    const socklen_t size = v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    const std::string peer = SocketAddress(address, size).text();
    const bool mapped = peer.rfind(kMapped, 0) == 0 && peer.find('.') != std::string::npos;
    return mapped ? peer.substr(kMapped.size()) : peer;
}

}  // namespace cxedge::devices
