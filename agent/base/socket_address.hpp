// SPDX-License-Identifier: Apache-2.0
// An IPv4 or IPv6 address with a port, as the socket calls take it. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace cxedge {

class SocketAddress {
public:
    SocketAddress() = default;
    SocketAddress(const sockaddr* address, socklen_t size);
    // "192.0.2.1", "2001:db8::1", "fe80::1%eth0"; nothing for anything else.
    static std::optional<SocketAddress> parse(std::string_view numeric, std::uint16_t port = 0);
    // "192.0.2.1:8125", "[2001:db8::1]:8125", port 0, too; nothing for anything else, zones
    // included.
    static std::optional<SocketAddress> parse_with_port(std::string_view text);
    // Where a socket is bound; nothing: errno says why.
    static std::optional<SocketAddress> of_socket(int fd);
    // 0.0.0.0 or :: of a family (AF_INET, AF_INET6).
    static SocketAddress any(int family, std::uint16_t port = 0);

    [[nodiscard]] int family() const { return storage_.ss_family; }
    [[nodiscard]] bool is_v6() const { return family() == AF_INET6; }
    [[nodiscard]] std::uint16_t port() const;
    void set_port(std::uint16_t port);
    // Without the port: "192.0.2.1".
    [[nodiscard]] std::string text() const;
    // "192.0.2.1:53", "[2001:db8::1]:53"
    [[nodiscard]] std::string text_with_port() const;
    // The address alone, in network order: 4 bytes or 16.
    [[nodiscard]] std::string_view host_bytes() const;
    [[nodiscard]] bool same_host(const SocketAddress& other) const;

    [[nodiscard]] const sockaddr* data() const {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }
    [[nodiscard]] sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t size() const { return size_; }
    // For calls that fill it in: room for any address.
    [[nodiscard]] socklen_t* capacity();

private:
    sockaddr_storage storage_{};
    socklen_t size_ = sizeof(sockaddr_storage);
};

// "host:853", "[2001:db8::1]:853", "host", "2001:db8::1": the host without brackets, the port if
// there is one; nothing: neither.
struct HostPort {
    std::string host;
    std::optional<std::uint16_t> port;
};
std::optional<HostPort> split_host_port(std::string_view text);

}  // namespace cxedge
