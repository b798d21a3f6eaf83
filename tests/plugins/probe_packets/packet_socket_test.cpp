// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/packet_socket.hpp"

#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

#include "plugins/_probes/wires.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::test {
namespace {

using namespace probes;
using namespace std::chrono_literals;

UniqueFd opened(int family, int type, int protocol = 0) {
    Opened socket = open_socket(family, type, protocol, "");
    REQUIRE(socket);
    return std::move(socket.fd);
}

SocketAddress bound(int fd, const SocketAddress& to) {
    REQUIRE(::bind(fd, to.data(), to.size()) == 0);
    SocketAddress at;
    REQUIRE(::getsockname(fd, at.data(), at.capacity()) == 0);
    return *SocketAddress::parse(at.text(), at.port());
}

struct Heard {
    std::string bytes;
    SocketAddress from;
    PacketTime received;
    int ttl = 0;
    int tos = 0;
};

// A socket that remembers what it is told, and a loop that ends when that is enough.
struct Listener {
    Listener(EventLoop& on, UniqueFd fd) : loop(on), socket(on, std::move(fd), events()) {}

    PacketSocket::Events events() {
        return {
            [this](const Packet& packet) {
                packets.push_back(
                    {std::string(packet.bytes),
                     packet.from,
                     packet.received,
                     packet.ttl,
                     packet.tos}
                );
            },
            [this](std::uint32_t id, PacketTime time) { stamps[id] = time; },
            [this](const PacketError& error) {
                errors.push_back(error);
            }};
    }
    template <class Enough>
    void wait(const Enough& enough) {
        const LoopHandle patience = loop.after(20s, [this] { loop.stop(); });
        const LoopHandle look = loop.every(1ms, [&] {
            if (enough()) {
                loop.stop();
            }
        });
        loop.run();
        REQUIRE(enough());
    }

    EventLoop& loop;
    std::vector<Heard> packets;
    std::map<std::uint32_t, PacketTime> stamps;
    std::vector<PacketError> errors;
    PacketSocket socket;
};

// The kernel begins to stamp arrivals in a work queue, some time after the first socket asked for
// it (net_enable_timestamp): what comes before then has our own time, which is honest but not
// tested here.
void wait_for_stamps(Listener& receiver, const SocketAddress& to) {
    Listener early(receiver.loop, opened(to.family(), SOCK_DGRAM));
    receiver.wait([&] {
        if (!receiver.packets.empty() && receiver.packets.back().received.from_kernel) {
            return true;
        }
        early.socket.send("early", to);
        return false;
    });
    const std::size_t sent = early.socket.send("last", to).id + 1;
    receiver.wait([&] { return receiver.packets.size() == sent; });
    receiver.packets.clear();
}

// An address where nothing listens.
SocketAddress deaf(const std::string& host) {
    const SocketAddress here = *SocketAddress::parse(host);
    const UniqueFd fd = opened(here.family(), SOCK_DGRAM);
    return bound(fd.get(), here);
}

}  // namespace

TEST_CASE(
    "packet socket: each packet has the kernel's times of its sending and its arrival",
    "[plugins][probes][native][SO_TIMESTAMPING]"
) {
    const std::string host = GENERATE("127.0.0.1", "::1");
    EventLoop loop;
    const int family = SocketAddress::parse(host)->family();
    UniqueFd fd = opened(family, SOCK_DGRAM);
    const SocketAddress to = bound(fd.get(), *SocketAddress::parse(host));
    Listener receiver(loop, std::move(fd));
    wait_for_stamps(receiver, to);
    Listener sender(loop, opened(family, SOCK_DGRAM));
    constexpr std::size_t kCount = 100;
    std::vector<PacketSocket::Sent> sends;
    for (std::size_t i = 0; i < kCount; ++i) {
        sends.push_back(sender.socket.send(std::to_string(i), to));
        REQUIRE(sends.back().error == 0);
        CHECK(sends.back().id == i);
        loop.poll();
    }
    receiver.wait([&] {
        return receiver.packets.size() == kCount && sender.stamps.size() == kCount;
    });
    for (std::size_t i = 0; i < kCount; ++i) {
        const auto id = static_cast<std::uint32_t>(i);
        CHECK(receiver.packets[i].bytes == std::to_string(i));
        CHECK(sender.stamps[id].from_kernel);
        CHECK(sender.stamps[id].realtime_ns >= sends[i].time.realtime_ns);
        CHECK(receiver.packets[i].received.realtime_ns >= sender.stamps[id].realtime_ns);
        CHECK(receiver.packets[i].received.from_kernel);
    }
}

TEST_CASE("packet socket: hop limit and traffic class go out and are told", "[plugins][probes]") {
    const std::string host = GENERATE("127.0.0.1", "::1");
    EventLoop loop;
    const int family = SocketAddress::parse(host)->family();
    UniqueFd fd = opened(family, SOCK_DGRAM);
    const SocketAddress to = bound(fd.get(), *SocketAddress::parse(host));
    Listener receiver(loop, std::move(fd));
    Listener sender(loop, opened(family, SOCK_DGRAM));
    REQUIRE(sender.socket.send("own", to).error == 0);
    REQUIRE(sender.socket.send("set", to, 7, 0xb8).error == 0);
    receiver.wait([&] { return receiver.packets.size() == 2; });
    CHECK(receiver.packets[0].ttl == 64);
    CHECK(receiver.packets[0].tos == 0);
    CHECK(receiver.packets[1].ttl == 7);
    CHECK(receiver.packets[1].tos == 0xb8);
}

TEST_CASE(
    "packet socket: an ICMP error says which packet it is about, and stamps stay stamps",
    "[plugins][probes][native][SO_TIMESTAMPING]"
) {
    const std::string host = GENERATE("127.0.0.1", "::1");
    EventLoop loop;
    const SocketAddress to = deaf(host);
    Listener sender(loop, opened(to.family(), SOCK_DGRAM));
    REQUIRE(sender.socket.send("anybody there?", to).error == 0);
    sender.wait([&] { return sender.errors.size() == 1 && sender.stamps.size() == 1; });
    const PacketError& error = sender.errors[0];
    CHECK(error.error == ECONNREFUSED);
    CHECK(error.type == (to.is_v6() ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH));
    CHECK(error.code == (to.is_v6() ? ICMP6_DST_UNREACH_NOPORT : ICMP_PORT_UNREACH));
    CHECK(error.offender.text() == host);
    CHECK(error.to.text() == host);
    CHECK(error.to.port() == to.port());
}

TEST_CASE(
    "packet socket: an error that a packet brought back does not stop the next one to another",
    "[plugins][probes][native][SO_TIMESTAMPING]"
) {
    EventLoop loop;
    const SocketAddress nobody = deaf("127.0.0.1");
    UniqueFd fd = opened(AF_INET, SOCK_DGRAM);
    const SocketAddress somebody = bound(fd.get(), *SocketAddress::parse("127.0.0.2"));
    Listener receiver(loop, std::move(fd));
    Listener sender(loop, opened(AF_INET, SOCK_DGRAM));
    constexpr std::uint32_t kRounds = 20;
    for (std::uint32_t i = 0; i < kRounds; ++i) {
        REQUIRE(sender.socket.send("?", nobody).error == 0);
        REQUIRE(sender.socket.send("!", somebody).error == 0);
    }
    receiver.wait([&] {
        return receiver.packets.size() == kRounds && sender.stamps.size() == 2 * kRounds;
    });
    CHECK(sender.errors.size() == kRounds);
}

TEST_CASE(
    "packet socket: a packet that cannot go out shifts no stamp to another",
    "[plugins][probes][native][SO_TIMESTAMPING]"
) {
    EventLoop loop;
    UniqueFd fd = opened(AF_INET, SOCK_DGRAM);
    const SocketAddress to = bound(fd.get(), *SocketAddress::parse("127.0.0.1"));
    Listener receiver(loop, std::move(fd));
    Listener sender(loop, opened(AF_INET, SOCK_DGRAM));
    const std::string too_long(65'530, 'x');
    std::vector<PacketSocket::Sent> sends;
    for (int i = 0; i < 30; ++i) {
        sends.push_back(sender.socket.send("good", to));
        REQUIRE(sends.back().error == 0);
        CHECK(sender.socket.send(too_long, to).error == EMSGSIZE);
        if (i % 3 == 0) {
            loop.poll();
        }
    }
    receiver.wait([&] { return sender.stamps.size() == sends.size(); });
    for (std::size_t i = 0; i < sends.size(); ++i) {
        const std::int64_t stamp = sender.stamps.at(sends[i].id).realtime_ns;
        CHECK(stamp >= sends[i].time.realtime_ns);
        if (i + 1 < sends.size()) {
            CHECK(stamp <= sends[i + 1].time.realtime_ns);
        }
    }
}

TEST_CASE(
    "packet socket: of raw ICMP sockets the packet begins behind the IP header",
    "[plugins][probes][native][SO_TIMESTAMPING]"
) {
    const bool v6 = GENERATE(false, true);
    Opened raw = v6 ? open_socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "")
                    : open_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP, "");
    if (!raw) {
        WARN("skipped: raw sockets are not permitted here");
        return;
    }
    EventLoop loop;
    Listener sender(loop, std::move(raw.fd));
    const char type = static_cast<char>(v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO);
    std::string request{type, 0, 0, 0, 0x12, 0x34, 0, 1};
    if (!v6) {
        request[2] = static_cast<char>(0xe5);  // RFC 1071 of the above
        request[3] = static_cast<char>(0xca);
    }
    REQUIRE(
        sender.socket.send(request, *SocketAddress::parse(v6 ? "::1" : "127.0.0.1"), 9).error == 0
    );
    sender.wait([&] { return sender.packets.size() == 2 && sender.stamps.size() == 1; });
    // Loopback: one hears oneself. The kernel writes the checksum of ICMPv6.
    CHECK(sender.packets[0].bytes[0] == type);
    CHECK(sender.packets[0].bytes.substr(4) == request.substr(4));
    CHECK(sender.packets[0].ttl == 9);
    CHECK(sender.packets[1].bytes[0] == static_cast<char>(v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY));
    CHECK(sender.packets[1].bytes.substr(4) == request.substr(4));
}

TEST_CASE("packet socket: a call back may destroy the socket", "[plugins][probes]") {
    EventLoop loop;
    UniqueFd fd = opened(AF_INET, SOCK_DGRAM);
    const SocketAddress to = bound(fd.get(), *SocketAddress::parse("127.0.0.1"));
    std::optional<PacketSocket> receiver;
    int calls = 0;
    receiver.emplace(
        loop,
        std::move(fd),
        PacketSocket::Events{
            [&](const Packet& packet) {
                ++calls;
                receiver.reset();
                CHECK(packet.bytes == "x");
                loop.stop();
            },
            {},
            {}}
    );
    Listener sender(loop, opened(AF_INET, SOCK_DGRAM));
    for (int i = 0; i < 40; ++i) {
        REQUIRE(sender.socket.send("x", to).error == 0);
    }
    loop.run();
    loop.poll();
    CHECK(calls == 1);
}

}  // namespace cxedge::test
