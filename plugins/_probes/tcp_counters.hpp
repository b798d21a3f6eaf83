// SPDX-License-Identifier: Apache-2.0
// What the kernel knows of a TCP connection (TCP_INFO, linux/tcp.h). Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace cxedge::probes {

// Since the connection began.
struct TcpCounters {
    // Bytes of the stream, also those nobody has read yet; those that came twice, too, as far as
    // the kernel's count of segments tells.
    std::uint64_t received = 0;
    // Bytes of all data segments that came, full or not, in whatever order: an upper bound.
    std::uint64_t arrived = 0;
    std::uint64_t sent = 0;         // likewise, those sent again included; without what still waits
    std::uint64_t packets = 0;      // segments in both directions, those without data included
    std::uint32_t retransmits = 0;  // segments sent again (tcpi_total_retrans)
    // The longer of tcpi_rtt and tcpi_rcv_rtt, which is that of data that comes.
    std::chrono::microseconds round_trip{0};
};

// Nothing: no TCP socket, or the kernel does not count (bytes: since Linux 4.19).
std::optional<TcpCounters> tcp_counters(int fd);

// Bytes that were handed to the kernel and that the other side has not acknowledged (SIOCOUTQ,
// tcp(7)); 0: not known.
std::uint64_t unacknowledged(int fd);

// The other side may be so many bytes ahead of who reads here, no more (tcp(7) TCP_WINDOW_CLAMP;
// the kernel takes about 1 KiB at least). Never takes back what it was allowed before.
void limit_ahead(int fd, std::uint64_t bytes);

}  // namespace cxedge::probes
