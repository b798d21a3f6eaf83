// SPDX-License-Identifier: Apache-2.0
// Probes that are on the way: sends them, pays for them, matches what comes back, and says when it
// is too late. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "plugins/_probes/probe.hpp"
#include "plugins/probe_path/path_socket.hpp"

namespace cxedge::plugins {

class PathSender {
public:
    struct Answer {
        PathWord word = PathWord::other;
        std::string from;
        double rtt_s = 0;
        int mtu = 0;  // of too_big; 0: not said
    };
    struct Events {
        std::function<void(int tag, const Answer&)> answered;
        std::function<void(int tag)> expired;
        // An answer that may be one of several probes' is nobody's; they expire.
        std::function<void()> confused;
        std::function<void()> capped;  // received more than the budget has
    };
    enum class Fate : std::uint8_t { on_its_way, too_large, capped, failed };
    struct Sent {
        Fate fate = Fate::on_its_way;
        int error = 0;  // of `failed`
    };

    PathSender(const probes::ProbeContext& context, Events events);
    PathSender(const PathSender&) = delete;
    PathSender& operator=(const PathSender&) = delete;
    ~PathSender() = default;

    // Error 0: it is open.
    PathSocket::Trouble open(const PathSocket::Wish& wish);
    [[nodiscard]] const PathSocket& socket() const { return *socket_; }

    // `tag` comes back with what becomes of it; `bytes`: of the IP packet.
    Sent send(int tag, int ttl, std::size_t bytes, std::chrono::milliseconds wait);
    void forget_all() { on_the_way_.clear(); }

private:
    struct Probe {
        int tag = 0;
        std::uint32_t send_id = 0;
        probes::PacketTime called;
        probes::PacketTime left;  // by the kernel
        LoopHandle patience;
    };
    void take(const PathAnswer& answer);
    void take_stamp(std::uint32_t id, probes::PacketTime sent);
    void expire(std::uint16_t number);

    const probes::ProbeContext& context_;
    Events events_;
    std::uint16_t next_;
    std::map<std::uint16_t, Probe> on_the_way_;
    std::unique_ptr<PathSocket> socket_;
};

}  // namespace cxedge::plugins
