// SPDX-License-Identifier: Apache-2.0
#include "plugins/statsd/datagram_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

#include "agent/base/socket_address.hpp"
#include "agent/base/unix_socket.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kBatch = 16;
constexpr std::size_t kLargest = 65'536;  // no UDP datagram is cut
constexpr int kBatchesAWake = 16;         // then other sources get their turn

}  // namespace

std::string check_udp_address(const std::string& text) {
    return text.empty() || SocketAddress::parse_with_port(text)
               ? ""
               : "must be address:port, such as 127.0.0.1:8125";
}

// Room for one recvmmsg(2). Pages are touched only as far as datagrams fill them.
class DatagramSocket::Batch {
public:
    // Number of datagrams taken, 0 when there are none.
    int receive(int fd) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            parts_[i] = {&bytes_[i * kLargest], kLargest};
            messages_[i].msg_hdr = msghdr{};
            messages_[i].msg_hdr.msg_iov = &parts_[i];
            messages_[i].msg_hdr.msg_iovlen = 1;
            messages_[i].msg_hdr.msg_control = controls_[i].data();
            messages_[i].msg_hdr.msg_controllen = controls_[i].size();
        }
        const int taken = ::recvmmsg(fd, messages_.data(), kBatch, MSG_DONTWAIT, nullptr);
        return taken < 0 ? 0 : taken;
    }
    [[nodiscard]] Datagram datagram(std::size_t i) const {
        const bool is_cut = (messages_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        return {{&bytes_[i * kLargest], messages_[i].msg_len}, is_cut};
    }
    // Total since the socket was made, wrapping at 32 bits; told with some datagrams only.
    [[nodiscard]] std::optional<std::uint32_t> drops(std::size_t i) {
        msghdr* const header = &messages_[i].msg_hdr;
        const cmsghdr* const control = CMSG_FIRSTHDR(header);
        if (control == nullptr || control->cmsg_level != SOL_SOCKET ||
            control->cmsg_type != SO_RXQ_OVFL) {
            return std::nullopt;
        }
        std::uint32_t drops = 0;
        std::memcpy(&drops, CMSG_DATA(control), sizeof(drops));
        return drops;
    }

private:
    struct Control {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> bytes;
        char* data() { return bytes.data(); }
        [[nodiscard]] std::size_t size() const { return bytes.size(); }
    };

    std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(kBatch * kLargest);
    std::array<iovec, kBatch> parts_{};
    std::array<mmsghdr, kBatch> messages_{};
    std::array<Control, kBatch> controls_{};
};

DatagramSocket::DatagramSocket(UniqueFd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), batch_(std::make_unique<Batch>()) {}

DatagramSocket::DatagramSocket(DatagramSocket&& other) noexcept = default;

DatagramSocket::~DatagramSocket() {
    readable_.cancel();
    if (fd_ && !path_.empty()) {
        ::unlink(path_.c_str());
    }
}

Result<DatagramSocket> DatagramSocket::bind_udp(const std::string& address) {
    const auto parsed = SocketAddress::parse_with_port(address);
    if (!parsed) {
        return invalid_argument(address + " is not an address and a port");
    }
    UniqueFd fd(::socket(parsed->family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return system_error("socket", errno);
    }
    if (::bind(fd.get(), parsed->data(), parsed->size()) != 0) {
        return system_error("bind " + address, errno);
    }
    return DatagramSocket(std::move(fd), {});
}

Result<DatagramSocket> DatagramSocket::bind_unix(const std::string& path, unsigned mode) {
    Result<UniqueFd> fd = bind_unix_socket(path, SOCK_DGRAM, static_cast<mode_t>(mode));
    if (!fd) {
        return fd.error();
    }
    return DatagramSocket(std::move(*fd), path);
}

std::int64_t DatagramSocket::set_receive_buffer(std::int64_t bytes) {
    const int wanted = static_cast<int>(bytes);
    int granted = 0;
    socklen_t size = sizeof(granted);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &granted, &size);
    return granted / 2;  // the kernel doubles what is asked for, for its own book-keeping
}

void DatagramSocket::listen(EventLoop& loop, Receive receive) {
    const int on = 1;
    // Not every kernel tells; then drops stay unknown.
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
    receive_ = std::move(receive);
    readable_ = loop.when_readable(fd_.get(), [this] { drain(); });
}

void DatagramSocket::drain() {
    for (int batch = 0; batch < kBatchesAWake; ++batch) {
        const auto taken = static_cast<std::size_t>(batch_->receive(fd_.get()));
        for (std::size_t i = 0; i < taken; ++i) {
            note_drops(batch_->drops(i).value_or(static_cast<std::uint32_t>(kernel_drops_)));
            receive_(batch_->datagram(i));
        }
        if (taken < kBatch) {
            return;
        }
    }
}

// `total` wraps at 32 bits: only the difference counts.
void DatagramSocket::note_drops(std::uint32_t total) {
    kernel_drops_ += static_cast<std::uint32_t>(total - static_cast<std::uint32_t>(kernel_drops_));
}

std::uint16_t DatagramSocket::port() const {
    const auto bound = SocketAddress::of_socket(fd_.get());
    const bool unix_socket = !bound || bound->family() == AF_UNIX;
    return unix_socket ? 0 : bound->port();
}

std::string DatagramSocket::name() const {
    if (!path_.empty()) {
        return path_;
    }
    const auto bound = SocketAddress::of_socket(fd_.get());
    return bound ? bound->text_with_port() : std::string();
}

}  // namespace cxedge::plugins
