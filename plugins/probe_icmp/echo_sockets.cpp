// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/echo_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <net/if.h>

#include "agent/base/ids.hpp"

namespace cxedge::plugins {
namespace {

// The payload counts up, as that of other pings does: no line compresses it away to nothing.
void grow_pattern(std::vector<std::uint8_t>& packet, std::size_t size) {
    for (std::size_t i = packet.size(); i < size; ++i) {
        packet.push_back(static_cast<std::uint8_t>(i & 0xffU));
    }
}

unsigned index_of_interface(const std::string& name) {
    return name.empty() ? 0 : ::if_nametoindex(name.c_str());
}

}  // namespace

// The socket of a family.
class EchoSockets::Line {
public:
    Line(EchoSockets& all, bool v6, EchoSocket socket)
        : all_(all),
          v6_(v6),
          access_(socket.access),
          ident_(socket.ident),
          interface_index_(index_of_interface(all.interface_)),
          socket_(all.loop_, std::move(socket.fd), events()) {}

    [[nodiscard]] EchoAccess access() const { return access_; }
    // An interface that went and came again is another one.
    [[nodiscard]] bool is_stale() const {
        return index_of_interface(all_.interface_) != interface_index_;
    }

    EchoLane::Sent send(
        const EchoLane& lane, std::size_t slot, std::span<std::uint8_t> packet, int dscp
    ) {
        const auto sequence = static_cast<std::uint16_t>(lane.first_ + slot);
        write_echo_request(v6_, {ident_, sequence, lane.cookie_}, packet);
        const std::string_view bytes(reinterpret_cast<const char*>(packet.data()), packet.size());
        const CallTime at = CallTime::now();
        const auto sent = socket_.send(bytes, lane.to_, 0, dscp << 2);
        if (sent.error == 0) {
            sends_.at(sent.id % kRemembered) = {sent.id, lane.cookie_, slot};
        }
        return {sent.error, at};
    }

private:
    // Whose a send was. A stamp comes within a turn of the loop, or the line is so congested that
    // it is no matter.
    struct Send {
        std::uint32_t id = 0;
        std::uint64_t cookie = 0;  // 0: none
        std::size_t slot = 0;
    };
    static constexpr std::size_t kRemembered = 1024;

    probes::PacketSocket::Events events() {
        return {
            [this](const probes::Packet& packet) { hear(packet); },
            [this](std::uint32_t id, probes::PacketTime time) { hear_stamp(id, time); },
            [this](const probes::PacketError& error) {
                hear_error(error);
            }};
    }

    void hear(const probes::Packet& packet) {
        const auto reply = read_echo_reply(v6_, packet.bytes);
        if (!reply || reply->ident != ident_) {
            return;
        }
        EchoLane* const lane = all_.lane_of(reply->cookie);
        const auto slot = lane == nullptr ? std::nullopt : lane->slot_of(reply->sequence);
        if (slot && lane->to_.same_host(packet.from)) {
            lane->listener_.on_reply(*slot, packet, CallTime::now());
        }
    }

    void hear_stamp(std::uint32_t id, probes::PacketTime time) {
        const Send& send = sends_.at(id % kRemembered);
        EchoLane* const lane = send.id == id ? all_.lane_of(send.cookie) : nullptr;
        if (lane != nullptr) {
            lane->listener_.on_sent(send.slot, time.realtime_ns);
        }
    }

    void hear_error(const probes::PacketError& error) {
        const auto quoted = read_quoted_request(v6_, error.sent_bytes);
        if (!quoted || quoted->ident != ident_) {
            return;
        }
        EchoLane* const lane = all_.lane_of_quote(*quoted, error.to);
        const auto slot = lane == nullptr ? std::nullopt : lane->slot_of(quoted->sequence);
        if (slot) {
            lane->listener_.on_error(*slot, error);
        }
    }

    EchoSockets& all_;
    bool v6_;
    EchoAccess access_;
    std::uint16_t ident_;
    unsigned interface_index_;
    std::array<Send, kRemembered> sends_{};
    probes::PacketSocket socket_;
};

EchoSockets::EchoSockets(EventLoop& loop, std::string interface)
    : loop_(loop), interface_(std::move(interface)) {}

EchoSockets::~EchoSockets() = default;

EchoSockets::Opened EchoSockets::open(int family) {
    const bool v6 = family == AF_INET6;
    std::unique_ptr<Line>& line = lines_.at(v6 ? 1 : 0);
    if (line && !line->is_stale()) {
        return {line->access(), 0};
    }
    EchoSocket socket = open_echo_socket(family, interface_);
    line.reset();
    if (socket.access == EchoAccess::none) {
        return {EchoAccess::none, socket.error};
    }
    line = std::make_unique<Line>(*this, v6, std::move(socket));
    return {line->access(), 0};
}

EchoLane::Sent EchoSockets::send(
    const EchoLane& lane, std::size_t slot, std::size_t payload, int dscp
) {
    const std::unique_ptr<Line>& line = lines_.at(lane.to_.is_v6() ? 1 : 0);
    if (!line) {
        return {ENODEV, CallTime::now()};
    }
    const std::size_t size = kEchoHeader + std::max(payload, kEchoCookie);
    grow_pattern(packet_, size);
    return line->send(lane, slot, std::span(packet_).first(size), dscp);
}

EchoLane* EchoSockets::lane_of(std::uint64_t cookie) const {
    const auto found = lanes_.find(cookie);
    return found == lanes_.end() ? nullptr : found->second;
}

// A router need not quote more than eight bytes (RFC 792): then the sequence number has to do.
EchoLane* EchoSockets::lane_of_quote(const EchoHead& quoted, const SocketAddress& to) const {
    if (quoted.cookie != 0) {
        return lane_of(quoted.cookie);
    }
    const auto found = std::find_if(lanes_.begin(), lanes_.end(), [&](const auto& each) {
        return each.second->slot_of(quoted.sequence) && each.second->to_.same_host(to);
    });
    return found == lanes_.end() ? nullptr : found->second;
}

EchoLane::EchoLane(
    std::shared_ptr<EchoSockets> sockets,
    EchoListener& listener,
    const SocketAddress& to,
    std::uint16_t slots
)
    : sockets_(std::move(sockets)),
      listener_(listener),
      to_(to),
      cookie_(random_u64()),
      first_(sockets_->next_sequence_),
      slots_(slots) {
    sockets_->next_sequence_ = static_cast<std::uint16_t>(first_ + slots);
    sockets_->lanes_[cookie_] = this;
}

EchoLane::~EchoLane() {
    sockets_->lanes_.erase(cookie_);
}

EchoLane::Sent EchoLane::send(std::size_t slot, std::size_t payload, int dscp) {
    return sockets_->send(*this, slot, payload, dscp);
}

std::optional<std::size_t> EchoLane::slot_of(std::uint16_t sequence) const {
    const auto slot = static_cast<std::uint16_t>(sequence - first_);
    return slot < slots_ ? std::optional<std::size_t>(slot) : std::nullopt;
}

}  // namespace cxedge::plugins
