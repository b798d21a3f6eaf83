// SPDX-License-Identifier: Apache-2.0
// Room for the packets of one recvmmsg(2). Thread: one.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include <sys/socket.h>

#include "plugins/_probes/packet_control.hpp"

namespace cxedge::probes {

class PacketBatch {
public:
    static constexpr std::size_t kPackets = 16;

    // Longer packets are cut off there.
    explicit PacketBatch(std::size_t packet_bytes);

    // What is there now, `kPackets` at most; forgets what was. `flags`: 0 or MSG_ERRQUEUE. Errors
    // that are pending on the socket are passed over: the error queue has them, too.
    std::size_t receive(int fd, int flags);

    // Of packet `i` of the last receive().
    [[nodiscard]] std::string_view bytes(std::size_t i) const;
    [[nodiscard]] PacketControl control(std::size_t i) const;
    [[nodiscard]] const SocketAddress& name(std::size_t i) const { return names_.at(i); }

private:
    struct Control {
        alignas(cmsghdr) std::array<std::byte, kControlBytes> bytes;
    };
    void prepare(std::size_t i);

    std::size_t packet_bytes_;
    // Not cleared: pages are touched only as far as packets fill them.
    std::unique_ptr<std::byte[]> room_;
    std::unique_ptr<Control[]> controls_;
    std::array<mmsghdr, kPackets> messages_{};
    std::array<iovec, kPackets> pieces_{};
    std::array<SocketAddress, kPackets> names_;
    std::size_t filled_ = kPackets;  // at most so many are to be made empty again
};

}  // namespace cxedge::probes
