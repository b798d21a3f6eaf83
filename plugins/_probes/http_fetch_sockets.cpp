// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/http_fetch_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/socket_address.hpp"

#include "plugins/_probes/wires.hpp"

namespace cxedge::probes {
namespace {

// Of Ethernet: 1,500 bytes less the headers below.
constexpr std::uint64_t kSegmentBytes = 1448;
// IP, TCP and its time stamps (RFC 791, 8200, 9293, 7323).
constexpr std::uint64_t kHeadersV4 = 20 + 20 + 12;
constexpr std::uint64_t kHeadersV6 = 40 + 20 + 12;
// Of a segment that was not sent yet, with its share of an acknowledgement.
constexpr std::uint64_t kHeadersToCome = 80;
// The end of a connection comes after it was counted: FIN and its answer in both directions.
constexpr std::uint64_t kClosePackets = 4;
// Windows do not grow beyond this by themselves (third value of net.ipv4.tcp_rmem).
constexpr std::uint64_t kLargestWindow = 6U << 20U;

}  // namespace

FetchSockets::FetchSockets(Meter& meter, std::string interface)
    : meter_(&meter), interface_(std::move(interface)) {}

int FetchSockets::open(int family, int type, int protocol) {
    Opened opened = open_socket(family, type, protocol, interface_);
    if (!opened) {
        errno = opened.error;
        return -1;
    }
    const int fd = opened.fd.release();
    const std::uint64_t headers = family == AF_INET6 ? kHeadersV6 : kHeadersV4;
    sockets_[fd] = {{}, headers};
    retransmits_.erase(fd);
    if (meter_ != nullptr) {
        capped_ = !meter_->spend(kClosePackets * headers, kClosePackets) || capped_;
        hold_back();
    }
    return fd;
}

void FetchSockets::close(int fd) {
    settle();
    if (const auto found = sockets_.find(fd); found != sockets_.end()) {
        closed_.add(found->second);
        retransmits_[fd] = found->second.counters.retransmits;
        sockets_.erase(found);
    }
    ::close(fd);
}

int FetchSockets::find(int family, int port) const {
    for (const auto& [fd, socket] : sockets_) {
        const auto own = SocketAddress::of_socket(fd);
        if (own && own->family() == family && own->port() == port) {
            return fd;
        }
    }
    return -1;
}

void FetchSockets::Total::add(const Socket& socket) {
    received += socket.counters.received;
    sent += socket.counters.sent;
    headers += socket.counters.packets * socket.headers;
    packets += socket.counters.packets;
}

FetchSockets::Total FetchSockets::count() {
    Total total = closed_;
    for (auto& [fd, socket] : sockets_) {
        socket.counters = tcp_counters(fd).value_or(socket.counters);
        total.add(socket);
    }
    return total;
}

// Near the end of a budget in ever smaller pieces, so that it is met.
std::uint64_t FetchSockets::hand_over(std::uint64_t bytes) {
    const auto left_now = meter_ == nullptr || !limited_ ? std::nullopt : left();
    if (left_now) {
        bytes = std::min(bytes, std::max(*left_now / 2, kSegmentBytes));
    }
    handed_over_ += bytes;
    return settle() ? bytes : 0;
}

bool FetchSockets::settle() {
    spend(kSegmentBytes - 1);
    hold_back();
    return !capped_;
}

void FetchSockets::shut() {
    spend(0);
    meter_ = nullptr;
}

void FetchSockets::spend(std::uint64_t most_unspent) {
    const Total total = count();
    // What waits in the kernel will go out, also after the connection was closed.
    const std::uint64_t waiting = std::max(total.sent, handed_over_) - total.sent;
    const std::uint64_t coming = waiting + waiting * kHeadersToCome / kSegmentBytes;
    const std::uint64_t bytes = total.received + total.sent + total.headers + coming;
    if (meter_ == nullptr || bytes <= spent_.bytes + most_unspent) {
        return;
    }
    const std::uint64_t packets = std::max(total.packets, spent_.packets);
    capped_ = !meter_->spend(bytes - spent_.bytes, packets - spent_.packets) || capped_;
    spent_ = {bytes, packets};
}

// What the meter said, less what was spent since; asked again when an eighth of that is gone.
std::optional<std::uint64_t> FetchSockets::left() {
    const std::uint64_t since = meter_->used().bytes - used_then_;
    if (!known_left_ || since > *known_left_ / 8) {
        known_left_ = meter_->bytes_left();
        used_then_ = meter_->used().bytes;
        limited_ = known_left_.has_value();
        return known_left_;
    }
    return *known_left_ - since;
}

// When a budget ends, what the other side has sent ahead is on the bill all the same. Half of what
// is left: as much again may come while it is read.
void FetchSockets::hold_back() {
    const auto bytes = meter_ == nullptr || !limited_ || sockets_.empty() ? std::nullopt : left();
    if (!bytes) {
        return;
    }
    const std::uint64_t each = *bytes / (2 * sockets_.size());
    if (each >= kLargestWindow) {
        return;
    }
    for (const auto& [fd, socket] : sockets_) {
        limit_ahead(fd, each);
    }
}

std::uint32_t FetchSockets::retransmits(int fd) const {
    if (const auto open = sockets_.find(fd); open != sockets_.end()) {
        return open->second.counters.retransmits;
    }
    const auto closed = retransmits_.find(fd);
    return closed == retransmits_.end() ? 0 : closed->second;
}

}  // namespace cxedge::probes
