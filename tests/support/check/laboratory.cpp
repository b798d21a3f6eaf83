// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check/laboratory.hpp"

#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

namespace cxedge::test {
namespace {

constexpr int kRoom = 64 << 20;
constexpr std::size_t kLargestDatagram = 65536;

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);
    sockaddr* any() { return reinterpret_cast<sockaddr*>(&storage); }
    // At the same place in both families.
    [[nodiscard]] in_port_t& port() { return reinterpret_cast<sockaddr_in*>(&storage)->sin_port; }
};

SocketAddress parse(const std::string& address, std::uint16_t port) {
    SocketAddress out;
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        out.size = sizeof *v4;
    } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        out.size = sizeof *v6;
    }
    out.port() = htons(port);
    return out;
}

UniqueFd make_socket(const NetNamespace& there, int family) {
    const NetNamespace::Inside inside(there);
    UniqueFd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom);
    return fd;
}

std::chrono::system_clock::time_point arrival_of(msghdr& message) {
    timespec at{};
    if (const cmsghdr* const said = CMSG_FIRSTHDR(&message); said != nullptr) {
        std::memcpy(&at, CMSG_DATA(said), sizeof at);
    }
    return std::chrono::system_clock::time_point(
        std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec)
    );
}

}  // namespace

NumberedUdp::NumberedUdp(const NetNamespace& there, const std::string& address, std::uint16_t port)
    : address_(address) {
    SocketAddress own = parse(address, port);
    fd_ = make_socket(there, own.storage.ss_family);
    if (::bind(fd_.get(), own.any(), own.size) != 0 ||
        ::getsockname(fd_.get(), own.any(), &own.size) != 0) {
        throw std::runtime_error("cannot bind " + address);
    }
    port_ = ntohs(own.port());
}

void NumberedUdp::talk_to(const NumberedUdp& other) const {
    SocketAddress peer = parse(other.address_, other.port_);
    if (::connect(fd_.get(), peer.any(), peer.size) != 0) {
        throw std::runtime_error("cannot connect to " + other.address_);
    }
}

bool NumberedUdp::send(std::uint32_t number, std::size_t size) const {
    std::vector<char> bytes(size);
    std::memcpy(bytes.data(), &number, sizeof number);
    return ::send(fd_.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(size);
}

std::optional<Datagram> NumberedUdp::receive(std::chrono::milliseconds patience) const {
    pollfd readable{fd_.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(patience.count())) != 1) {
        return std::nullopt;
    }
    std::vector<char> bytes(kLargestDatagram);
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec room{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd_.get(), &message, 0);
    Datagram out;
    if (size < static_cast<ssize_t>(sizeof out.number)) {
        return std::nullopt;
    }
    std::memcpy(&out.number, bytes.data(), sizeof out.number);
    out.size = static_cast<std::size_t>(size);
    out.arrived = arrival_of(message);
    return out;
}

Laboratory::Laboratory(const Impairment& there, const Impairment& back, const LinkOptions& options)
    : link(a, b, there, back, options), near(a, link.ipv4(End::a)), far(b, link.ipv4(End::b)) {
    near.talk_to(far);
    far.talk_to(near);
}

void Laboratory::send_all(std::uint32_t count, std::size_t size) {
    const std::uint64_t before = this->there().in;
    for (std::uint32_t number = 0; number < count; ++number) {
        REQUIRE(near.send(number, size));
    }
    REQUIRE(link.await(Direction::a_to_b, before + count, kPatience));
}

std::vector<Datagram> Laboratory::received() const {
    std::vector<Datagram> out;
    while (const auto next = far.receive(std::chrono::milliseconds(0))) {
        out.push_back(*next);
    }
    return out;
}

}  // namespace cxedge::test
