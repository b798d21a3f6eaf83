// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/wires.hpp"

#include <cerrno>
#include <ctime>

#include <sys/socket.h>

namespace cxedge::probes {
namespace {

std::int64_t now_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Opened open_socket(int family, int type, int protocol, const std::string& interface) {
    UniqueFd fd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (!fd) {
        return {UniqueFd(), errno};
    }
    if (!interface.empty() && ::setsockopt(
                                  fd.get(),
                                  SOL_SOCKET,
                                  SO_BINDTODEVICE,
                                  interface.c_str(),
                                  static_cast<socklen_t>(interface.size() + 1)
                              ) != 0) {
        return {UniqueFd(), errno};
    }
    return {std::move(fd), 0};
}

int begin_connect(int fd, const SocketAddress& to) {
    if (::connect(fd, to.data(), to.size()) == 0 || errno == EINPROGRESS) {
        return 0;
    }
    return errno;
}

int connect_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::int64_t monotonic_ns() {
    return now_ns(CLOCK_MONOTONIC);
}

std::int64_t realtime_ns() {
    return now_ns(CLOCK_REALTIME);
}

}  // namespace cxedge::probes
