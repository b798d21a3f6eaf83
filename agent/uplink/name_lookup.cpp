// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/name_lookup.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include <netdb.h>

namespace cxedge::uplink {
namespace {

std::string numeric_text(const addrinfo& info) {
    std::array<char, NI_MAXHOST> text{};
    const int failed = ::getnameinfo(
        info.ai_addr, info.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST
    );
    return failed == 0 ? std::string(text.data()) : std::string();
}

Addresses resolve(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* raw = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
    if (failed == EAI_NONAME && (flags & AI_NUMERICHOST) != 0) {
        return not_found(host);
    }
    if (failed != 0) {
        return unavailable("looking up " + host + ": " + ::gai_strerror(failed));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
    std::vector<NetworkAddress> found;
    for (const addrinfo* info = raw; info != nullptr && found.size() < kMaxAddresses;
         info = info->ai_next) {
        NetworkAddress address;
        std::memcpy(&address.bytes, info->ai_addr, info->ai_addrlen);
        address.size = info->ai_addrlen;
        address.text = numeric_text(*info);
        found.push_back(std::move(address));
    }
    return found;
}

}  // namespace

Addresses numeric_address(const std::string& host, std::uint16_t port) {
    return resolve(host, port, AI_NUMERICHOST | AI_NUMERICSERV);
}

Addresses look_up(const std::string& host, std::uint16_t port) {
    return resolve(host, port, AI_NUMERICSERV);
}

}  // namespace cxedge::uplink
