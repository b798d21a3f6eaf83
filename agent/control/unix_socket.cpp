// SPDX-License-Identifier: Apache-2.0
#include "agent/control/unix_socket.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

namespace cxedge::control {

Result<sockaddr_un> socket_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) {
        return invalid_argument(
            "socket path '" + path + "' must have 1 to " +
            std::to_string(sizeof(address.sun_path) - 1) + " bytes"
        );
    }
    std::copy(path.begin(), path.end(), &address.sun_path[0]);
    return address;
}

Result<UniqueFd> stream_socket(int flags) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!socket) {
        return system_error("socket", errno);
    }
    return socket;
}

int connect_to(const UniqueFd& socket, const sockaddr_un& address) {
    const auto* generic =
        reinterpret_cast<const sockaddr*>(&address);  // the sockets API's own cast
    return ::connect(socket.get(), generic, sizeof(address)) == 0 ? 0 : errno;
}

}  // namespace cxedge::control
