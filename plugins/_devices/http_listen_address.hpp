// SPDX-License-Identifier: Apache-2.0
// TCP addresses as numbers: where a server listens and who connects. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::devices {

// What is wrong with "address:port" ("127.0.0.1:8480", "[::1]:8480"), or empty.
std::string check_listen_address(const std::string& text);

enum class Nearness { box, network, elsewhere, unknown };
// Of an address without port: the box itself, a private or link-local address, any other.
Nearness nearness(std::string_view address);
// The same of "address:port"; that of all interfaces is `elsewhere`.
Nearness nearness_of_listener(const std::string& listen);

struct ListenSocket {
    UniqueFd fd;
    std::uint16_t port = 0;
};
// Non-blocking. unavailable: the address cannot be bound (yet).
Result<ListenSocket> listen_tcp(const std::string& address);

// "192.168.1.20", "fe80::1"; an IPv4 address in IPv6 clothes is shown as it is.
std::string peer_of(const sockaddr* address);

}  // namespace cxedge::devices
