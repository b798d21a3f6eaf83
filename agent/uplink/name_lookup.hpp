// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "agent/base/result.hpp"

namespace cxedge::uplink {

struct NetworkAddress {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    std::string text;  // numeric
    [[nodiscard]] bool ipv6() const { return bytes.ss_family == AF_INET6; }
};
using Addresses = Result<std::vector<NetworkAddress>>;

// A name with more addresses than this is load-balanced: any few of them will do.
inline constexpr std::size_t kMaxAddresses = 4;

// Of an address in numbers, at once. not_found: it is a name.
Addresses numeric_address(const std::string& host, std::uint16_t port);
// Of a name; blocks, with dead name servers for half a minute. unavailable: says why.
Addresses look_up(const std::string& host, std::uint16_t port);

}  // namespace cxedge::uplink
