// SPDX-License-Identifier: Apache-2.0
#include "agent/base/socket_address.hpp"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <net/if.h>
#include <netinet/in.h>

namespace cxedge {
namespace {

sockaddr_in& as_v4(sockaddr_storage& storage) {
    return reinterpret_cast<sockaddr_in&>(storage);
}
sockaddr_in6& as_v6(sockaddr_storage& storage) {
    return reinterpret_cast<sockaddr_in6&>(storage);
}
const sockaddr_in& as_v4(const sockaddr_storage& storage) {
    return reinterpret_cast<const sockaddr_in&>(storage);
}
const sockaddr_in6& as_v6(const sockaddr_storage& storage) {
    return reinterpret_cast<const sockaddr_in6&>(storage);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = end == text.data() + text.size();
    return error == std::errc() && whole ? std::optional(port) : std::nullopt;
}

// `port`: nothing, or ":53".
std::optional<HostPort> host_and_port(std::string_view host, std::string_view port) {
    if (host.empty()) {
        return std::nullopt;
    }
    if (port.empty()) {
        return HostPort{std::string(host), std::nullopt};
    }
    const auto number = port.front() == ':' ? port_of(port.substr(1)) : std::nullopt;
    return number.value_or(0) != 0 ? std::optional(HostPort{std::string(host), number})
                                   : std::nullopt;
}

// "[2001:db8::1]:53"
std::optional<HostPort> split_bracketed(std::string_view text) {
    const std::size_t close = text.find(']');
    return close == std::string_view::npos
               ? std::nullopt
               : host_and_port(text.substr(1, close - 1), text.substr(close + 1));
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) : size_(size) {
    std::memcpy(&storage_, address, std::min<std::size_t>(size, sizeof storage_));
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view numeric, std::uint16_t port) {
    sockaddr_storage storage{};
    const std::size_t percent = numeric.find('%');
    const std::string host(numeric.substr(0, percent));
    if (percent == std::string_view::npos &&
        ::inet_pton(AF_INET, host.c_str(), &as_v4(storage).sin_addr) == 1) {
        as_v4(storage).sin_family = AF_INET;
        as_v4(storage).sin_port = htons(port);
        return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), sizeof(sockaddr_in));
    }
    if (::inet_pton(AF_INET6, host.c_str(), &as_v6(storage).sin6_addr) != 1) {
        return std::nullopt;
    }
    if (percent != std::string_view::npos) {
        as_v6(storage).sin6_scope_id =
            ::if_nametoindex(std::string(numeric.substr(percent + 1)).c_str());
    }
    as_v6(storage).sin6_family = AF_INET6;
    as_v6(storage).sin6_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), sizeof(sockaddr_in6));
}

std::optional<SocketAddress> SocketAddress::parse_with_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const auto port =
        port_of(text.substr(colon == std::string_view::npos ? text.size() : colon + 1));
    std::string_view host = text.substr(0, colon);
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets) {
        host = host.substr(1, host.size() - 2);
    }
    const bool v6 = host.find(':') != std::string_view::npos;
    if (!port || v6 != brackets || host.find('%') != std::string_view::npos) {
        return std::nullopt;
    }
    return parse(host, *port);
}

std::optional<SocketAddress> SocketAddress::of_socket(int fd) {
    SocketAddress bound;
    return ::getsockname(fd, bound.data(), bound.capacity()) == 0 ? std::optional(bound)
                                                                  : std::nullopt;
}

SocketAddress SocketAddress::any(int family, std::uint16_t port) {
    return *parse(family == AF_INET6 ? "::" : "0.0.0.0", port);
}

std::uint16_t SocketAddress::port() const {
    return ntohs(is_v6() ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port);
}

void SocketAddress::set_port(std::uint16_t port) {
    (is_v6() ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port) = htons(port);
}

std::string SocketAddress::text() const {
    char text[INET6_ADDRSTRLEN] = "";
    return ::inet_ntop(family(), host_bytes().data(), text, sizeof text) != nullptr ? text : "";
}

std::string SocketAddress::text_with_port() const {
    return fmt::format("{}{}{}:{}", is_v6() ? "[" : "", text(), is_v6() ? "]" : "", port());
}

std::string_view SocketAddress::host_bytes() const {
    if (is_v6()) {
        return {reinterpret_cast<const char*>(&as_v6(storage_).sin6_addr), sizeof(in6_addr)};
    }
    return {reinterpret_cast<const char*>(&as_v4(storage_).sin_addr), sizeof(in_addr)};
}

bool SocketAddress::same_host(const SocketAddress& other) const {
    return family() == other.family() && host_bytes() == other.host_bytes();
}

socklen_t* SocketAddress::capacity() {
    size_ = sizeof storage_;
    return &size_;
}

std::optional<HostPort> split_host_port(std::string_view text) {
    if (text.starts_with('[')) {
        return split_bracketed(text);
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
        return host_and_port(text, {});
    }
    return host_and_port(text.substr(0, colon), text.substr(colon));
}

}  // namespace cxedge
