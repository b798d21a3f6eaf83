// SPDX-License-Identifier: Apache-2.0
#include "plugins/statsd/datagram_socket.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "agent/base/unix_socket.hpp"

namespace cxedge::plugins {
namespace {

constexpr std::size_t kBatch = 16;
constexpr std::size_t kLargest = 65'536;  // no UDP datagram is cut
constexpr int kBatchesAWake = 16;         // then other sources get their turn

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* generic() const {
        return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
    }
    sockaddr* generic() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
};

template <class Inet>
Inet inet_of(const Address& address) {
    Inet inet{};
    std::memcpy(&inet, &address.storage, sizeof(inet));
    return inet;
}

template <class Inet>
Address address_of(const Inet& inet) {
    Address address;
    std::memcpy(&address.storage, &inet, sizeof(inet));
    address.size = sizeof(inet);
    return address;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(port) : std::nullopt;
}

std::optional<Address> parse_v6(const std::string& host, std::uint16_t port) {
    sockaddr_in6 inet{};
    inet.sin6_family = AF_INET6;
    inet.sin6_port = htons(port);
    return ::inet_pton(AF_INET6, host.c_str(), &inet.sin6_addr) == 1
               ? std::optional(address_of(inet))
               : std::nullopt;
}

std::optional<Address> parse_v4(const std::string& host, std::uint16_t port) {
    sockaddr_in inet{};
    inet.sin_family = AF_INET;
    inet.sin_port = htons(port);
    return ::inet_pton(AF_INET, host.c_str(), &inet.sin_addr) == 1 ? std::optional(address_of(inet))
                                                                   : std::nullopt;
}

std::optional<Address> parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        return std::nullopt;
    }
    const std::optional<std::uint16_t> port = port_of(std::string_view(text).substr(colon + 1));
    const std::string host = text.substr(0, colon);
    if (!port || host.empty()) {
        return std::nullopt;
    }
    if (host.front() == '[' && host.back() == ']') {
        return parse_v6(host.substr(1, host.size() - 2), *port);
    }
    return parse_v4(host, *port);
}

Address bound_address(int fd) {
    Address address;
    address.size = sizeof(address.storage);
    if (::getsockname(fd, address.generic(), &address.size) != 0) {
        address.size = 0;
    }
    return address;
}

std::string text_of(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.storage.ss_family == AF_INET6) {
        const auto inet = inet_of<sockaddr_in6>(address);
        ::inet_ntop(AF_INET6, &inet.sin6_addr, text.data(), text.size());
        return fmt::format("[{}]:{}", text.data(), ntohs(inet.sin6_port));
    }
    const auto inet = inet_of<sockaddr_in>(address);
    ::inet_ntop(AF_INET, &inet.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(inet.sin_port));
}

}  // namespace

std::string check_udp_address(const std::string& text) {
    return text.empty() || parse_address(text) ? ""
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
    const std::optional<Address> parsed = parse_address(address);
    if (!parsed) {
        return invalid_argument(address + " is not an address and a port");
    }
    const int family = parsed->storage.ss_family;
    UniqueFd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return system_error("socket", errno);
    }
    if (::bind(fd.get(), parsed->generic(), parsed->size) != 0) {
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
    const Address address = bound_address(fd_.get());
    switch (address.storage.ss_family) {
        case AF_INET:
            return ntohs(inet_of<sockaddr_in>(address).sin_port);
        case AF_INET6:
            return ntohs(inet_of<sockaddr_in6>(address).sin6_port);
        default:
            return 0;
    }
}

std::string DatagramSocket::name() const {
    return path_.empty() ? text_of(bound_address(fd_.get())) : path_;
}

}  // namespace cxedge::plugins
