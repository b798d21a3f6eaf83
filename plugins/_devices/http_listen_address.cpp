// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/http_listen_address.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace cxedge::devices {
namespace {

constexpr std::string_view kMapped = "::ffff:";

struct TcpAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* generic() const {
        return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
    }
    sockaddr* generic() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
};

template <class Inet>
TcpAddress tcp_address(const Inet& inet) {
    TcpAddress address;
    std::memcpy(&address.storage, &inet, sizeof(inet));
    address.size = sizeof(inet);
    return address;
}

std::optional<TcpAddress> tcp_v6(const std::string& host, std::uint16_t port) {
    sockaddr_in6 inet{};
    inet.sin6_family = AF_INET6;
    inet.sin6_port = htons(port);
    return ::inet_pton(AF_INET6, host.c_str(), &inet.sin6_addr) == 1
               ? std::optional(tcp_address(inet))
               : std::nullopt;
}

std::optional<TcpAddress> tcp_v4(const std::string& host, std::uint16_t port) {
    sockaddr_in inet{};
    inet.sin_family = AF_INET;
    inet.sin_port = htons(port);
    return ::inet_pton(AF_INET, host.c_str(), &inet.sin_addr) == 1
               ? std::optional(tcp_address(inet))
               : std::nullopt;
}

std::optional<std::uint16_t> tcp_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(port) : std::nullopt;
}

// "[::1]" -> "::1"; empty: nothing stands before the port.
std::string host_part(const std::string& text) {
    std::string host = text.substr(0, text.rfind(':'));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        return host.find(':') == std::string::npos ? std::string() : host;
    }
    return host.find(':') == std::string::npos ? host : std::string();
}

std::optional<TcpAddress> parse_tcp(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    const std::optional<std::uint16_t> port = tcp_port(std::string_view(text).substr(colon + 1));
    const std::string host = host_part(text);
    if (!port || host.empty()) {
        return std::nullopt;
    }
    return host.find(':') == std::string::npos ? tcp_v4(host, *port) : tcp_v6(host, *port);
}

std::uint16_t bound_port(int fd) {
    TcpAddress address;
    address.size = sizeof(address.storage);
    if (::getsockname(fd, address.generic(), &address.size) != 0) {
        return 0;
    }
    if (address.storage.ss_family == AF_INET6) {
        sockaddr_in6 inet{};
        std::memcpy(&inet, &address.storage, sizeof(inet));
        return ntohs(inet.sin6_port);
    }
    sockaddr_in inet{};
    std::memcpy(&inet, &address.storage, sizeof(inet));
    return ntohs(inet.sin_port);
}

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

}  // namespace

std::string check_listen_address(const std::string& text) {
    return parse_tcp(text) ? "" : "must be address:port in numbers, such as 127.0.0.1:8480";
}

Nearness nearness(std::string_view address) {
    if (address.substr(0, kMapped.size()) == kMapped) {
        address.remove_prefix(kMapped.size());
    }
    const std::string text(address);
    in_addr v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) {
        return nearness_v4(ntohl(v4.s_addr));
    }
    in6_addr v6{};
    return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 ? nearness_v6(v6) : Nearness::unknown;
}

Nearness nearness_of_listener(const std::string& listen) {
    return nearness(host_part(listen));
}

Result<ListenSocket> listen_tcp(const std::string& address) {
    const std::optional<TcpAddress> parsed = parse_tcp(address);
    if (!parsed) {
        return invalid_argument("listen: " + check_listen_address(address));
    }
    const std::string what = "listening on " + address;
    ListenSocket listener;
    listener.fd.reset(
        ::socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
    );
    if (!listener.fd) {
        return system_error(what, errno);
    }
    // A restart must not wait for connections of the last run to time out.
    const int on = 1;
    ::setsockopt(listener.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(listener.fd.get(), parsed->generic(), parsed->size) != 0 ||
        ::listen(listener.fd.get(), SOMAXCONN) != 0) {
        return system_error(what, errno);
    }
    listener.port = bound_port(listener.fd.get());
    return listener;
}

std::string peer_of(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address != nullptr && address->sa_family == AF_INET6) {
        sockaddr_in6 inet{};
        std::memcpy(&inet, address, sizeof(inet));
        ::inet_ntop(AF_INET6, &inet.sin6_addr, text.data(), text.size());
    } else if (address != nullptr && address->sa_family == AF_INET) {
        sockaddr_in inet{};
        std::memcpy(&inet, address, sizeof(inet));
        ::inet_ntop(AF_INET, &inet.sin_addr, text.data(), text.size());
    }
    std::string peer = text.data();
    const bool mapped = peer.rfind(kMapped, 0) == 0 && peer.find('.') != std::string::npos;
    return mapped ? peer.substr(kMapped.size()) : peer;
}

}  // namespace cxedge::devices
