// SPDX-License-Identifier: Apache-2.0
// Control messages of datagram sockets (cmsg(3)): what the kernel says beside a packet, and what it
// is told. Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/socket.h>

#include "agent/base/socket_address.hpp"

namespace cxedge::probes {

// Room for all that a PacketSocket asks for, an ICMPv6 error with its offender included.
inline constexpr std::size_t kControlBytes = 512;

// struct sock_extended_err of <linux/errqueue.h>.
struct QueuedError {
    int error = 0;  // errno
    std::uint8_t origin = 0;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;
    std::uint32_t data = 0;
    SocketAddress offender;  // family AF_UNSPEC: nobody, the kernel itself

    // Not an error but the time of a packet sent: `data` is its number.
    [[nodiscard]] bool is_stamp() const;
};

struct PacketControl {
    std::int64_t stamp_ns = 0;  // CLOCK_REALTIME; 0: none
    int ttl = -1;
    int tos = -1;
    std::optional<QueuedError> error;
};
// Unknown and short control messages are passed over.
PacketControl read_control(const msghdr& header);

// Hop limit and traffic class of one packet; 0: the socket's own.
class SendControl {
public:
    SendControl(int family, int ttl, int tos);
    // `header` points into this.
    void attach(msghdr& header);

private:
    void add(int level, int type, int value);

    static constexpr std::size_t kSpace = CMSG_SPACE(sizeof(int));
    alignas(cmsghdr) std::array<std::byte, 2 * kSpace> bytes_{};
    std::size_t used_ = 0;
};

}  // namespace cxedge::probes
