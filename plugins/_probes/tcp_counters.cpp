// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/tcp_counters.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace cxedge::probes {
namespace {

// What came out of order or twice is not among tcpi_bytes_received, but was paid for. Segments of a
// small answer are not full, so that they say nothing.
std::uint64_t paid_in_segments(const tcp_info& info) {
    constexpr std::uint64_t kLarge = 1U << 20U;
    if (info.tcpi_bytes_received < kLarge) {
        return 0;
    }
    return (std::uint64_t{info.tcpi_data_segs_in} - 1) * info.tcpi_rcv_mss;
}

}  // namespace

std::optional<TcpCounters> tcp_counters(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    constexpr std::size_t kNeeded =
        offsetof(tcp_info, tcpi_bytes_sent) + sizeof info.tcpi_bytes_sent;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < kNeeded) {
        return std::nullopt;
    }
    TcpCounters counters;
    counters.received = std::max<std::uint64_t>(info.tcpi_bytes_received, paid_in_segments(info));
    counters.arrived = std::uint64_t{info.tcpi_data_segs_in} * info.tcpi_rcv_mss;
    counters.sent = info.tcpi_bytes_sent;
    counters.packets = std::uint64_t{info.tcpi_segs_in} + info.tcpi_segs_out;
    counters.retransmits = info.tcpi_total_retrans;
    counters.round_trip = std::chrono::microseconds(std::max(info.tcpi_rtt, info.tcpi_rcv_rtt));
    return counters;
}

std::uint64_t unacknowledged(int fd) {
    int bytes = 0;
    const bool known = ::ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
    return known ? static_cast<std::uint64_t>(bytes) : 0;
}

namespace {

// linux/socket.h: of SO_BUF_LOCK (since Linux 5.14).
constexpr int kReceiveLock = 2;
constexpr int kBufferLock = 72;
// From here on windows must not grow by themselves.
constexpr std::uint64_t kTightBytes = 1U << 20U;

int buffer_option(int fd, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : 0;
}

// The kernel's tuning of buffers lifts the clamp again (tcp_rcv_space_adjust()), and a window that
// was told is never taken back. Buffers are locked as large as they are, or as may be asked for.
void stop_growing(int fd, int bytes) {
    if ((buffer_option(fd, kBufferLock) & kReceiveLock) != 0) {
        return;
    }
    const bool small = buffer_option(fd, SO_RCVBUF) < bytes;
    const int lock = kReceiveLock;
    ::setsockopt(
        fd, SOL_SOCKET, small ? SO_RCVBUF : kBufferLock, small ? &bytes : &lock, sizeof lock
    );
}

}  // namespace

void limit_ahead(int fd, std::uint64_t bytes) {
    constexpr std::uint64_t kMost = std::numeric_limits<int>::max();
    const int clamp = static_cast<int>(std::min(bytes, kMost));
    if (bytes < kTightBytes) {
        stop_growing(fd, clamp);
    }
    ::setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &clamp, sizeof clamp);
}

}  // namespace cxedge::probes
