// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_path/path_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

#include <ifaddrs.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "plugins/_probes/wires.hpp"

namespace cxedge::plugins {
namespace {

using probes::Opened;

constexpr int kPortTries = 8;
constexpr int kUsualMtu = 1'500;
constexpr int kLargestPacket = 65'535;  // RFC 791 3.1; of IPv6 without jumbograms 40 more

std::uint32_t random_nonce() {
    std::random_device random;
    return random();
}

// Every probe whole or not at all, whatever the kernel remembers of the way (ip(7)).
void forbid_fragments(int fd, bool v6) {
    static_assert(int{IPV6_PMTUDISC_PROBE} == int{IP_PMTUDISC_PROBE});
    const int probe = IP_PMTUDISC_PROBE;
    ::setsockopt(
        fd,
        v6 ? IPPROTO_IPV6 : IPPROTO_IP,
        v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
        &probe,
        sizeof probe
    );
}

// Of a raw socket, which else gets all ICMP of the box: echo replies only.
void want_echo_replies(int fd, bool v6) {
    if (v6) {
        icmp6_filter filter{};
        ICMP6_FILTER_SETBLOCKALL(&filter);
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
        ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
        return;
    }
    const icmp_filter filter{~(1U << ICMP_ECHOREPLY)};
    ::setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
}

SocketAddress local_address(int fd) {
    return SocketAddress::of_socket(fd).value_or(SocketAddress());
}

// Binds to that port, to one of the next, or to any: the same flow every time if that can be.
int bind_source(int fd, int family, std::uint16_t wish) {
    for (int i = 0; i < kPortTries; ++i) {
        const SocketAddress here = SocketAddress::any(family, static_cast<std::uint16_t>(wish + i));
        if (::bind(fd, here.data(), here.size()) == 0) {
            return 0;
        }
    }
    const SocketAddress any = SocketAddress::any(family);
    return ::bind(fd, any.data(), any.size()) == 0 ? 0 : errno;
}

Opened open_bound(int family, int type, int protocol, const PathSocket::Wish& wish) {
    Opened opened = probes::open_socket(family, type, protocol, wish.interface);
    if (opened) {
        opened.error = bind_source(opened.fd.get(), family, wish.source);
    }
    return opened;
}

// What PathFlow::source is, where the kernel has no say in it.
Opened open_raw(int family, int protocol, const PathSocket::Wish& wish) {
    Opened opened = probes::open_socket(family, SOCK_RAW, protocol, wish.interface);
    if (opened && protocol != IPPROTO_TCP) {
        want_echo_replies(opened.fd.get(), family == AF_INET6);
    }
    return opened;
}

struct Wire {
    Opened opened;
    bool raw = false;
    UniqueFd port;  // TCP: keeps the source port ours
};

Wire open_echo(const PathSocket::Wish& wish) {
    const int family = wish.to.family();
    const int protocol = family == AF_INET6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
    Opened ping = open_bound(family, SOCK_DGRAM, protocol, wish);
    if (ping) {
        return {std::move(ping), false, UniqueFd()};
    }
    return {open_raw(family, protocol, wish), true, UniqueFd()};
}

Wire open_syn(const PathSocket::Wish& wish) {
    Wire wire{open_raw(wish.to.family(), IPPROTO_TCP, wish), true, UniqueFd()};
    if (wire.opened) {
        Opened port = open_bound(wish.to.family(), SOCK_STREAM, 0, wish);
        wire.opened.error = port.error;
        wire.port = std::move(port.fd);
    }
    return wire;
}

Wire open_wire(const PathSocket::Wish& wish) {
    switch (wish.method) {
        case PathMethod::udp:
            return {open_bound(wish.to.family(), SOCK_DGRAM, 0, wish), false, UniqueFd()};
        case PathMethod::icmp:
            return open_echo(wish);
        case PathMethod::tcp:
            break;
    }
    return open_syn(wish);
}

std::string device_of(const SocketAddress& local) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return {};
    }
    std::string name;
    for (const ifaddrs* each = list; each != nullptr && name.empty(); each = each->ifa_next) {
        const sockaddr* const address = each->ifa_addr;
        if (address == nullptr || address->sa_family != local.family()) {
            continue;
        }
        const socklen_t size = local.is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
        if (SocketAddress(address, size).same_host(local)) {
            name = each->ifa_name;
        }
    }
    ::freeifaddrs(list);
    return name;
}

int mtu_of_device(int fd, const std::string& device) {
    ifreq request{};
    device.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return !device.empty() && ::ioctl(fd, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : kUsualMtu;
}

}  // namespace

PathSocket::Made PathSocket::open(EventLoop& loop, const Wish& wish, Events events) {
    std::unique_ptr<PathSocket> made(new PathSocket(std::move(events)));
    const Trouble trouble = made->begin(loop, wish);
    return trouble.error == 0 ? Made{std::move(made), {}} : Made{nullptr, trouble};
}

PathSocket::Trouble PathSocket::begin(EventLoop& loop, const Wish& wish) {
    Wire wire = open_wire(wish);
    if (!wire.opened) {
        return {wire.opened.error, false};
    }
    const int fd = wire.opened.fd.get();
    forbid_fragments(fd, wish.to.is_v6());
    interface_ = wish.interface;
    wire_to_ = wish.to;
    if (wish.method != PathMethod::udp) {
        wire_to_.set_port(0);  // of a raw socket it would be a protocol (raw(7))
    }
    // Connected: nobody else's packets come, and all probes have the same source address.
    if (const int error = probes::begin_connect(fd, wire_to_); error != 0) {
        return {error, true};
    }
    flow_ = {wish.method, local_address(fd), wish.to, wish.source, random_nonce()};
    if (wire.port) {
        reserved_ = std::move(wire.port);
        flow_.source = local_address(reserved_.get()).port();
    } else if (!wire.raw) {
        flow_.source = flow_.from.port();
    }
    packets_ = std::make_unique<probes::PacketSocket>(
        loop,
        std::move(wire.opened.fd),
        probes::PacketSocket::Events{
            [this](const probes::Packet& packet) { take_packet(packet); },
            events_.sent,
            [this](const probes::PacketError& error) {
                take_error(error);
            }}
    );
    return {};
}

probes::PacketSocket::Sent PathSocket::send(std::uint16_t number, int ttl, std::size_t bytes) {
    const std::size_t header = ip_header_bytes(wire_to_.is_v6());
    const std::size_t behind = bytes > header ? bytes - header : 0;
    return packets_->send(make_path_probe(flow_, number, behind), wire_to_, ttl);
}

int PathSocket::largest() const {
    const std::string device = interface_.empty() ? device_of(flow_.from) : interface_;
    return std::min(mtu_of_device(packets_->fd(), device), kLargestPacket);
}

void PathSocket::take_packet(const probes::Packet& packet) const {
    const ProbeMatch match = match_answer(flow_, packet.bytes);
    if (match.whose == ProbeMatch::Whose::foreign) {
        return;
    }
    PathAnswer answer;
    if (match.whose == ProbeMatch::Whose::ours) {
        answer.number = match.number;
    }
    answer.word = PathWord::reached;
    answer.from = packet.from;
    answer.received = packet.received;
    answer.bytes = ip_header_bytes(wire_to_.is_v6()) + packet.bytes.size();
    events_.answer(answer);
}

void PathSocket::take_error(const probes::PacketError& error) const {
    const ProbeMatch match = match_quoted(flow_, error.sent_bytes);
    const bool v6 = wire_to_.is_v6();
    PathAnswer answer;
    answer.word = path_word(v6, error.type, error.code, error.offender.same_host(wire_to_));
    if (match.whose == ProbeMatch::Whose::foreign || answer.word == PathWord::other) {
        return;
    }
    if (match.whose == ProbeMatch::Whose::ours) {
        answer.number = match.number;
    }
    answer.from = error.offender;
    answer.received = error.received;
    answer.mtu = static_cast<int>(std::min<std::uint32_t>(error.mtu, kLargestPacket));
    // Its own headers, and those of what it quotes.
    constexpr std::size_t kIcmpAndTransport = 16;
    answer.bytes = 2 * ip_header_bytes(v6) + kIcmpAndTransport + error.sent_bytes.size();
    events_.answer(answer);
}

}  // namespace cxedge::plugins
