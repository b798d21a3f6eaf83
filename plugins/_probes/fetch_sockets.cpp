// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/fetch_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include "plugins/_probes/wires.hpp"

namespace cxedge::probes {
namespace {

constexpr std::uint64_t kSegmentBytes = 1448;  // as Meter::spend_stream() counts
// SYN, its answer, the last of the handshake and the two pairs of the end: IPv4 with time stamps.
constexpr std::uint64_t kOpenAndCloseBytes = 380;
constexpr std::uint64_t kOpenAndClosePackets = 7;
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
    sockets_[fd] = {};
    retransmits_.erase(fd);
    if (meter_ != nullptr) {
        capped_ = !meter_->spend(kOpenAndCloseBytes, kOpenAndClosePackets) || capped_;
        hold_back();
    }
    return fd;
}

void FetchSockets::close(int fd) {
    settle();
    if (const auto found = sockets_.find(fd); found != sockets_.end()) {
        closed_.received += found->second.received;
        closed_.sent += found->second.sent;
        retransmits_[fd] = found->second.retransmits;
        sockets_.erase(found);
    }
    ::close(fd);
}

FetchSockets::Total FetchSockets::count() {
    Total total = closed_;
    for (auto& [fd, counters] : sockets_) {
        counters = tcp_counters(fd).value_or(counters);
        total.received += counters.received;
        total.sent += counters.sent;
    }
    return total;
}

bool FetchSockets::hand_over(std::uint64_t bytes) {
    handed_over_ += bytes;
    return settle();
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

// Small pieces are spent together: each would count as a packet of its own.
void FetchSockets::spend(std::uint64_t most_unspent) {
    const Total total = count();
    const std::uint64_t due = total.received + std::max(total.sent, handed_over_) - spent_;
    if (meter_ == nullptr || due <= most_unspent) {
        return;
    }
    spent_ += due;
    capped_ = !meter_->spend_stream(due) || capped_;
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
    for (const auto& [fd, counters] : sockets_) {
        limit_ahead(fd, each);
    }
}

std::uint32_t FetchSockets::retransmits(int fd) const {
    if (const auto open = sockets_.find(fd); open != sockets_.end()) {
        return open->second.retransmits;
    }
    const auto closed = retransmits_.find(fd);
    return closed == retransmits_.end() ? 0 : closed->second;
}

}  // namespace cxedge::probes
