// SPDX-License-Identifier: Apache-2.0
// The sockets through which all targets are asked: one for each address family, opened when it is
// first needed. A reply finds whom it is for by ident, sequence number, source address and a random
// cookie in its payload; what fits nobody (any more) is ignored. Thread: the loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/_probes/packet_socket.hpp"
#include "plugins/probe_icmp/echo_open.hpp"
#include "plugins/probe_icmp/echo_packet.hpp"
#include "plugins/probe_icmp/echo_times.hpp"

namespace cxedge::plugins {

class EchoSockets;

// Whoever has requests under way. Slots count from 0 for each burst.
class EchoListener {
public:
    virtual ~EchoListener() = default;
    // The burst may have it already: a duplicate. `bytes` behind the IP header.
    virtual void on_reply(std::size_t slot, const probes::Packet& packet, const CallTime& at) = 0;
    // The kernel's time (CLOCK_REALTIME, ns).
    virtual void on_sent(std::size_t slot, std::int64_t stamp_ns) = 0;
    virtual void on_error(std::size_t slot, const probes::PacketError& error) = 0;
};

// The right to send to one address and to hear of it. From its destruction on, nothing is heard.
class EchoLane {
public:
    EchoLane(
        std::shared_ptr<EchoSockets> sockets,
        EchoListener& listener,
        const SocketAddress& to,
        std::uint16_t slots
    );
    EchoLane(const EchoLane&) = delete;
    EchoLane& operator=(const EchoLane&) = delete;
    ~EchoLane();

    struct Sent {
        int error = 0;  // errno
        CallTime at;
    };
    // An echo request with so many bytes behind its header, at least kEchoCookie. `dscp`: RFC 2474.
    Sent send(std::size_t slot, std::size_t payload, int dscp);

private:
    friend class EchoSockets;
    // Of a sequence number: nothing if it is none of this lane's.
    [[nodiscard]] std::optional<std::size_t> slot_of(std::uint16_t sequence) const;

    std::shared_ptr<EchoSockets> sockets_;
    EchoListener& listener_;
    SocketAddress to_;
    std::uint64_t cookie_;
    std::uint16_t first_;  // sequence number of slot 0
    std::uint16_t slots_;
};

class EchoSockets {
public:
    // `interface` empty: as routed.
    EchoSockets(EventLoop& loop, std::string interface);
    EchoSockets(const EchoSockets&) = delete;
    EchoSockets& operator=(const EchoSockets&) = delete;
    ~EchoSockets();

    struct Opened {
        EchoAccess access = EchoAccess::none;
        int error = 0;  // errno; EACCES, EPERM: neither kind of socket is permitted
    };
    // Opens what is not open, or belongs to an interface that is no more; call it before each
    // burst. `family`: AF_INET, AF_INET6.
    Opened open(int family);

private:
    friend class EchoLane;
    class Line;

    EchoLane::Sent send(const EchoLane& lane, std::size_t slot, std::size_t payload, int dscp);
    [[nodiscard]] EchoLane* lane_of(std::uint64_t cookie) const;
    [[nodiscard]] EchoLane* lane_of_quote(const EchoHead& quoted, const SocketAddress& to) const;

    EventLoop& loop_;
    std::string interface_;
    std::array<std::unique_ptr<Line>, 2> lines_;          // IPv4, IPv6
    std::unordered_map<std::uint64_t, EchoLane*> lanes_;  // by cookie
    std::uint16_t next_sequence_ = 0;
    std::vector<std::uint8_t> packet_;  // as long as the longest so far
};

}  // namespace cxedge::plugins
