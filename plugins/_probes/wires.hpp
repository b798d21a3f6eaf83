// SPDX-License-Identifier: Apache-2.0
// Sockets of probes: non-blocking, close-on-exec, bound to an interface where one is asked for.
// Thread: any.
#pragma once

#include <chrono>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/socket_address.hpp"
#include "agent/base/unique_fd.hpp"

#include "plugins/_probes/result.hpp"

namespace cxedge::probes {

// A socket, or errno for result_of_errno().
struct Opened {
    UniqueFd fd;
    int error = 0;
    explicit operator bool() const { return error == 0; }
};
// `type`: SOCK_STREAM, SOCK_DGRAM, SOCK_RAW. `interface` empty: as routed.
Opened open_socket(int family, int type, int protocol, const std::string& interface);
// Begins connect(2): 0 also while it is under way (wait until writable, then connect_error()).
int begin_connect(int fd, const SocketAddress& to);
// SO_ERROR.
int connect_error(int fd);

// CLOCK_MONOTONIC in nanoseconds, and CLOCK_REALTIME: intervals from the first, stamps of packets
// from the second.
std::int64_t monotonic_ns();
std::int64_t realtime_ns();
// Seconds between two of the same clock, and since one of monotonic_ns().
inline double seconds_between(std::int64_t from_ns, std::int64_t to_ns) {
    return static_cast<double>(to_ns - from_ns) / 1e9;
}
inline double seconds_since(std::int64_t from_ns) {
    return seconds_between(from_ns, monotonic_ns());
}

}  // namespace cxedge::probes
