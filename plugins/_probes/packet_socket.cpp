// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/packet_socket.hpp"

#include <cerrno>
#include <deque>
#include <iterator>
#include <utility>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "plugins/_probes/packet_batch.hpp"
#include "plugins/_probes/wires.hpp"

namespace cxedge::probes {
namespace {

constexpr std::size_t kPacketBytes = 9'216;  // a jumbo frame
constexpr std::size_t kErrorBytes = 1'280;   // RFC 4443 3.1: no ICMPv6 error is longer
// In one turn of the loop, so that a flood leaves time for others.
constexpr int kBatchesPerTurn = 8;
constexpr int kErrorBatchesPerTurn = 64;

constexpr unsigned kStamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
                             SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY |
                             SOF_TIMESTAMPING_OPT_CMSG;

int socket_number(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

// What a kernel does not know is done without: a stamp, a hop limit, an error.
bool ask(int fd, int level, int name, unsigned value = 1) {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Raw IPv4 sockets give the IP header as well (raw(7)).
std::string_view behind_ip_header(std::string_view packet) {
    const std::size_t words = packet.empty() ? 0 : static_cast<unsigned char>(packet[0]) & 0x0fU;
    return packet.size() < words * 4 ? std::string_view() : packet.substr(words * 4);
}

std::uint32_t mtu_of(const QueuedError& error) {
    // "Fragmentation needed" (RFC 1191), "packet too big" (RFC 8201), or the kernel's own EMSGSIZE.
    return error.error == EMSGSIZE ? error.info : 0;
}

PacketTime packet_time(const PacketControl& control, std::int64_t now_ns) {
    return control.stamp_ns != 0 ? PacketTime{control.stamp_ns, true} : PacketTime{now_ns, false};
}

// Which of our sends the kernel's numbers mean. It counts from 0 since OPT_ID was switched on, and
// whether a failed send counted depends on its version and on where it failed; so then the count is
// begun anew.
class StampNumbers {
public:
    void begin(int fd, std::uint32_t next) {
        ask(fd, SOL_SOCKET, SO_TIMESTAMPING, kStamps);
        ask(fd, SOL_SOCKET, SO_TIMESTAMPING, kStamps | SOF_TIMESTAMPING_OPT_ID);
        if (counts_.empty() || counts_.back().first != next) {
            counts_.push_back({0, next});
        }
        counts_.back().began_ns = realtime_ns();
        if (counts_.size() > kRemembered) {
            counts_.pop_front();
        }
    }

    // Stamps of earlier counts may still be under way: they are older than what was begun since.
    [[nodiscard]] std::uint32_t ours(std::uint32_t kernels, std::int64_t stamp_ns) const {
        auto count = counts_.rbegin();
        while (std::next(count) != counts_.rend() && count->began_ns > stamp_ns) {
            ++count;
        }
        return count->first + kernels;
    }

private:
    struct Count {
        std::int64_t began_ns;
        std::uint32_t first;
    };
    static constexpr std::size_t kRemembered = 64;
    std::deque<Count> counts_;
};

}  // namespace

// Shared with the call back that it is in, which may destroy its owner.
class PacketSocket::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(UniqueFd fd, Events events)
        : fd_(std::move(fd)),
          family_(socket_number(fd_.get(), SOL_SOCKET, SO_DOMAIN)),
          gives_ip_header_(
              family_ == AF_INET && socket_number(fd_.get(), SOL_SOCKET, SO_TYPE) == SOCK_RAW
          ),
          events_(std::move(events)) {
        numbers_.begin(fd_.get(), next_id_);
        const bool v6 = family_ == AF_INET6;
        const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
        ask(fd_.get(), level, v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL);
        ask(fd_.get(), level, v6 ? IPV6_RECVTCLASS : IP_RECVTOS);
        if (events_.error) {
            ask(fd_.get(), level, v6 ? IPV6_RECVERR : IP_RECVERR);
        }
    }

    void watch(EventLoop& loop) {
        watch_ = loop.when_readable(fd_.get(), [this] { drain(); });
    }

    void close() {
        closed_ = true;
        watch_.cancel();
    }

    [[nodiscard]] int fd() const { return fd_.get(); }

    Sent send(std::string_view bytes, const SocketAddress& to, int ttl, int tos) {
        // An error that an earlier packet brought back is told to whoever sends next, who has
        // nothing to do with it; telling takes it away.
        constexpr int kTries = 3;
        Sent sent;
        for (int i = 0; i < kTries; ++i) {
            sent = send_once(bytes, to, ttl, tos);
            if (sent.error == 0 || sent.error == EAGAIN) {
                return sent;
            }
        }
        return sent;
    }

private:
    Sent send_once(std::string_view bytes, const SocketAddress& to, int ttl, int tos) {
        // The kernel reads both only.
        iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        msghdr header{};
        header.msg_name = const_cast<sockaddr*>(to.data());
        header.msg_namelen = to.size();
        header.msg_iov = &piece;
        header.msg_iovlen = 1;
        SendControl control(family_, ttl, tos);
        control.attach(header);
        const PacketTime now{realtime_ns(), false};
        if (::sendmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return {0, next_id_++, now};
        }
        const int error = errno;
        numbers_.begin(fd_.get(), next_id_);
        return {error, 0, now};
    }

    void drain() {
        const auto self = shared_from_this();
        for (int i = 0; i < kBatchesPerTurn && !closed_; ++i) {
            const std::size_t count = packets_.receive(fd_.get(), 0);
            const std::int64_t now = realtime_ns();
            // Now the queue has the stamps of all that these packets may answer.
            drain_errors();
            for (std::size_t each = 0; each < count && !closed_; ++each) {
                tell_packet(each, now);
            }
            if (count < PacketBatch::kPackets) {
                return;
            }
        }
    }

    void tell_packet(std::size_t i, std::int64_t now) {
        const PacketControl control = packets_.control(i);
        const std::string_view bytes =
            gives_ip_header_ ? behind_ip_header(packets_.bytes(i)) : packets_.bytes(i);
        events_.packet(
            {bytes, packets_.name(i), packet_time(control, now), control.ttl, control.tos}
        );
    }

    void drain_errors() {
        for (int i = 0; i < kErrorBatchesPerTurn && !closed_; ++i) {
            const std::size_t count = errors_.receive(fd_.get(), MSG_ERRQUEUE);
            for (std::size_t each = 0; each < count && !closed_; ++each) {
                tell_queued(each);
            }
            if (count < PacketBatch::kPackets) {
                return;
            }
        }
    }

    void tell_queued(std::size_t i) {
        const PacketControl control = errors_.control(i);
        if (!control.error) {
            return;
        }
        if (!control.error->is_stamp()) {
            tell_error(i, control);
        } else if (control.stamp_ns != 0 && events_.sent) {
            events_.sent(
                numbers_.ours(control.error->data, control.stamp_ns), {control.stamp_ns, true}
            );
        }
    }

    void tell_error(std::size_t i, const PacketControl& control) {
        if (!events_.error) {
            return;
        }
        const QueuedError& queued = *control.error;
        PacketError error;
        error.error = queued.error;
        error.type = queued.type;
        error.code = queued.code;
        error.mtu = mtu_of(queued);
        error.offender = queued.offender;
        error.received = packet_time(control, realtime_ns());
        error.sent_bytes = errors_.bytes(i);
        error.to = errors_.name(i);
        events_.error(error);
    }

    UniqueFd fd_;
    int family_;
    bool gives_ip_header_;
    Events events_;
    bool closed_ = false;
    std::uint32_t next_id_ = 0;
    StampNumbers numbers_;
    PacketBatch packets_{kPacketBytes};
    PacketBatch errors_{kErrorBytes};
    LoopHandle watch_;
};

PacketSocket::PacketSocket(EventLoop& loop, UniqueFd fd, Events events)
    : impl_(std::make_shared<Impl>(std::move(fd), std::move(events))) {
    impl_->watch(loop);
}

PacketSocket::~PacketSocket() {
    impl_->close();
}

PacketSocket::Sent PacketSocket::send(
    std::string_view bytes, const SocketAddress& to, int ttl, int tos
) {
    return impl_->send(bytes, to, ttl, tos);
}

int PacketSocket::fd() const {
    return impl_->fd();
}

}  // namespace cxedge::probes
