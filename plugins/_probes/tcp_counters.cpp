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

std::optional<TcpCounters> tcp_counters(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    constexpr std::size_t kNeeded =
        offsetof(tcp_info, tcpi_bytes_sent) + sizeof info.tcpi_bytes_sent;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < kNeeded) {
        return std::nullopt;
    }
    return TcpCounters{info.tcpi_bytes_received, info.tcpi_bytes_sent, info.tcpi_total_retrans};
}

std::uint64_t unacknowledged(int fd) {
    int bytes = 0;
    const bool known = ::ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
    return known ? static_cast<std::uint64_t>(bytes) : 0;
}

void limit_ahead(int fd, std::uint64_t bytes) {
    constexpr std::uint64_t kMost = std::numeric_limits<int>::max();
    const int clamp = static_cast<int>(std::min(bytes, kMost));
    ::setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &clamp, sizeof clamp);
}

}  // namespace cxedge::probes
