// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/packet_batch.hpp"

#include <algorithm>
#include <cerrno>

namespace cxedge::probes {

PacketBatch::PacketBatch(std::size_t packet_bytes)
    : packet_bytes_(packet_bytes),
      room_(std::make_unique_for_overwrite<std::byte[]>(kPackets * packet_bytes)),
      controls_(std::make_unique_for_overwrite<Control[]>(kPackets)) {}

void PacketBatch::prepare(std::size_t i) {
    pieces_.at(i) = {room_.get() + i * packet_bytes_, packet_bytes_};
    msghdr& header = messages_.at(i).msg_hdr;
    header = {};
    header.msg_namelen = *names_.at(i).capacity();
    header.msg_name = names_.at(i).data();
    header.msg_iov = &pieces_.at(i);
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].bytes.data();
    header.msg_controllen = kControlBytes;
}

std::size_t PacketBatch::receive(int fd, int flags) {
    // As many errors may be pending as packets were sent; the loop comes back for the rest.
    constexpr int kTries = 8;
    for (std::size_t i = 0; i < filled_; ++i) {
        prepare(i);
    }
    for (int i = 0; i < kTries; ++i) {
        const int count =
            ::recvmmsg(fd, messages_.data(), kPackets, flags | MSG_DONTWAIT, nullptr);
        if (count > 0 || errno == EAGAIN || errno == EBADF || errno == ENOTSOCK) {
            filled_ = static_cast<std::size_t>(std::max(count, 0));
            break;
        }
        filled_ = 0;
    }
    for (std::size_t i = 0; i < filled_; ++i) {
        *names_.at(i).capacity() = messages_.at(i).msg_hdr.msg_namelen;
    }
    return filled_;
}

std::string_view PacketBatch::bytes(std::size_t i) const {
    return {
        reinterpret_cast<const char*>(room_.get()) + i * packet_bytes_,
        std::min<std::size_t>(messages_.at(i).msg_len, packet_bytes_)};
}

PacketControl PacketBatch::control(std::size_t i) const {
    return read_control(messages_.at(i).msg_hdr);
}

}  // namespace cxedge::probes
