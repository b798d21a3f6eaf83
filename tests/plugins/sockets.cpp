// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace cxedge::test {
namespace {

template <class Address>
const sockaddr* generic(const Address& address) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address;
}

template <class Address>
void send_datagram(const Address& address, std::string_view bytes) {
    const UniqueFd fd(::socket(generic(address)->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const ssize_t sent =
        ::sendto(fd.get(), bytes.data(), bytes.size(), 0, generic(address), sizeof(address));
    if (sent != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("sendto failed");
    }
}

}  // namespace

void send_udp(std::uint16_t port, std::string_view bytes) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    send_datagram(address, bytes);
}

void send_unix_datagram(const std::string& path, std::string_view bytes) {
    send_datagram(unix_address(path), bytes);
}

LineClient::LineClient(const std::string& path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const sockaddr_un address = unix_address(path);
    if (::connect(fd_.get(), generic(address), sizeof(address)) != 0) {
        throw std::runtime_error("connect failed");
    }
}

std::size_t LineClient::send(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void LineClient::finish_sending() {
    ::shutdown(fd_.get(), SHUT_WR);
}

void LineClient::receive(std::size_t limit) {
    std::vector<char> buffer(std::min<std::size_t>(limit, 65'536));
    while (limit > 0 && !at_end_) {
        const ssize_t size = ::recv(fd_.get(), buffer.data(), std::min(limit, buffer.size()), 0);
        if (size < 0) {
            at_end_ = errno != EAGAIN;
            return;
        }
        at_end_ = size == 0;
        text_.append(buffer.data(), static_cast<std::size_t>(size));
        limit -= static_cast<std::size_t>(size);
    }
}

std::size_t LineClient::line_count() const {
    return static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n'));
}

bool LineClient::wait_for_lines(FakeHost& host, std::size_t count) {
    return host.run_until([&] {
        receive();
        return line_count() >= count || at_end_;
    });
}

bool LineClient::wait_for_end(FakeHost& host) {
    return host.run_until([&] {
        receive();
        return at_end_;
    });
}

bool LineClient::send_all(FakeHost& host, std::string_view bytes) {
    return host.run_until([&] {
        bytes.remove_prefix(send(bytes));
        return bytes.empty();
    });
}

}  // namespace cxedge::test
