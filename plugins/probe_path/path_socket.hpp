// SPDX-License-Identifier: Apache-2.0
// The sockets of one trace: probes of a flow go out with any hop limit, what comes back is told
// with the number of its probe. UDP needs no privilege; ICMP takes a "ping" socket (net.ipv4.
// ping_group_range) or a raw one, TCP a raw one (CAP_NET_RAW). Errors come by IP_RECVERR. Thread:
// the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/event_loop.hpp"
#include "agent/base/unique_fd.hpp"

#include "plugins/_probes/packet_socket.hpp"
#include "plugins/probe_path/path_packets.hpp"

namespace cxedge::plugins {

struct PathAnswer {
    std::optional<std::uint16_t>
        number;  // nothing: of this flow, but of which probe it does not say
    PathWord word = PathWord::other;
    SocketAddress from;
    probes::PacketTime received;
    int mtu = 0;            // of too_big; 0: not said
    std::size_t bytes = 0;  // of the IP packet that it came in, about
};

class PathSocket {
public:
    struct Events {
        std::function<void(const PathAnswer&)> answer;
        std::function<void(std::uint32_t id, probes::PacketTime sent)> sent;
    };
    struct Wish {
        PathMethod method = PathMethod::udp;
        SocketAddress to;  // with the port
        std::string interface;
        std::uint16_t source = 0;  // port or id; another one if that is taken
    };
    struct Trouble {
        int error = 0;          // errno; 0: none
        bool of_route = false;  // the socket is there, but no way for it
    };
    struct Made {
        std::unique_ptr<PathSocket> socket;
        Trouble trouble;
    };
    static Made open(EventLoop& loop, const Wish& wish, Events events);

    // `bytes`: of the IP packet, made longer where that is too short. `ttl` 0: the system's.
    probes::PacketSocket::Sent send(std::uint16_t number, int ttl, std::size_t bytes);
    [[nodiscard]] const PathFlow& flow() const { return flow_; }
    // Largest IP packet that the interface takes.
    [[nodiscard]] int largest() const;

private:
    explicit PathSocket(Events events) : events_(std::move(events)) {}
    Trouble begin(EventLoop& loop, const Wish& wish);
    void take_packet(const probes::Packet& packet) const;
    void take_error(const probes::PacketError& error) const;

    Events events_;
    PathFlow flow_;
    SocketAddress wire_to_;  // as the socket takes it
    std::string interface_;
    UniqueFd reserved_;  // TCP: the port is ours
    std::unique_ptr<probes::PacketSocket> packets_;
};

}  // namespace cxedge::plugins
