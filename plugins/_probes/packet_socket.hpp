// SPDX-License-Identifier: Apache-2.0
// A datagram socket that says when the kernel sent and received each packet (SO_TIMESTAMPING,
// software stamps, OPT_ID | OPT_TSONLY so that a stamp finds its packet: Linux
// Documentation/networking/timestamping.rst). Where the kernel gives no stamp, the time of the call
// stands in for it and `from_kernel` is false. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/base/event_loop.hpp"
#include "agent/base/socket_address.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::probes {

struct PacketTime {
    std::int64_t realtime_ns = 0;  // CLOCK_REALTIME; both ends of an interval must be of one kind
    bool from_kernel = false;
};

struct Packet {
    // Behind the IP header, and that of UDP; valid during the call back. Of more than 9,216 bytes
    // only those.
    std::string_view bytes;
    SocketAddress from;
    PacketTime received;
    int ttl = -1;  // hop limit it came with; -1: unknown
    int tos = -1;  // traffic class; -1: unknown
};

// An ICMP error that a packet of ours brought back (IP_RECVERR).
struct PacketError {
    int error = 0;  // errno: EHOSTUNREACH, ECONNREFUSED, EMSGSIZE, ...
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t mtu = 0;   // of "fragmentation needed", else 0
    SocketAddress offender;  // who said so
    PacketTime received;
    // The start of the packet it is about, behind the IP header and that of UDP.
    std::string_view sent_bytes;
    SocketAddress to;  // whom that was for
};

class PacketSocket {
public:
    struct Events {
        std::function<void(const Packet&)> packet;
        // The kernel's time of send number `id`; may come after the answer, or never.
        std::function<void(std::uint32_t id, PacketTime sent)> sent;
        std::function<void(const PacketError&)> error;  // may be empty
    };
    // Takes over `fd` (from open_socket()); asks for stamps, hop limits, traffic class, errors. A
    // call back may destroy this.
    PacketSocket(EventLoop& loop, UniqueFd fd, Events events);
    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;
    ~PacketSocket();

    struct Sent {
        int error = 0;         // errno; 0: it went out
        std::uint32_t id = 0;  // of Events::sent
        PacketTime time;       // of the call: what counts until the kernel's comes
    };
    // `ttl` and `tos` 0: the socket's own.
    Sent send(std::string_view bytes, const SocketAddress& to, int ttl = 0, int tos = 0);
    [[nodiscard]] int fd() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // and of the call back that it is in
};

}  // namespace cxedge::probes
