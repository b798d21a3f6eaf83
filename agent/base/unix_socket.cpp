// SPDX-License-Identifier: Apache-2.0
#include "agent/base/unix_socket.hpp"

#include <cerrno>
#include <charconv>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cxedge {
namespace {

Result<sockaddr_un> unix_address(const std::string& path) {
    if (path.empty() || path.size() > kMaxUnixPath) {
        return invalid_argument(
            "socket path '" + path + "' must have 1 to " + std::to_string(kMaxUnixPath) + " bytes"
        );
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(&address.sun_path[0], kMaxUnixPath);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

Result<UniqueFd> open_socket(int type) {
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return system_error("socket", errno);
    }
    return fd;
}

// Makes room where a process that is gone left its socket.
Status remove_stale(const std::string& path, int type) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        return errno == ENOENT ? Status() : Status(system_error(path, errno));
    }
    if (!S_ISSOCK(info.st_mode)) {
        return invalid_argument(path + " exists and is not a socket");
    }
    // Only one that refuses a connection is stale.
    const auto probe = connect_unix_socket(path, type);
    if (!probe || probe->code != ECONNREFUSED) {
        return unavailable(path + " is in use by another process");
    }
    return ::unlink(path.c_str()) == 0 ? Status() : Status(system_error("unlink " + path, errno));
}

}  // namespace

std::string check_unix_path(const std::string& path) {
    if (path.empty() || path.front() != '/') {
        return "must be an absolute path";
    }
    return path.size() > kMaxUnixPath ? "is longer than " + std::to_string(kMaxUnixPath) + " bytes"
                                      : std::string();
}

bool parse_file_mode(std::string_view text, mode_t& mode) {
    unsigned value = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, 8);
    mode = static_cast<mode_t>(value);
    return read.ec == std::errc{} && read.ptr == end && value <= 0777U;
}

std::string check_file_mode(const std::string& text) {
    mode_t ignored = 0;
    return parse_file_mode(text, ignored) ? "" : "must be octal digits, 0000 to 0777";
}

Result<UniqueFd> bind_unix_socket(const std::string& path, int type, mode_t mode) {
    const auto address = unix_address(path);
    if (!address) {
        return address.error();
    }
    if (const Status room = remove_stale(path, type); !room) {
        return room.error();
    }
    auto fd = open_socket(type);
    if (!fd) {
        return fd;
    }
    // Before the file exists, so that it is never wider than it ends up.
    if (::fchmod(fd->get(), mode) != 0) {
        return system_error("fchmod of socket " + path, errno);
    }
    if (::bind(fd->get(), generic(*address), sizeof(*address)) != 0) {
        return system_error("bind " + path, errno);
    }
    if (::chmod(path.c_str(), mode) != 0) {  // the umask took bits away
        const int reason = errno;
        ::unlink(path.c_str());
        return system_error("chmod " + path, reason);
    }
    return fd;
}

Result<UnixConnection> connect_unix_socket(const std::string& path, int type) {
    const auto address = unix_address(path);
    if (!address) {
        return address.error();
    }
    auto fd = open_socket(type);
    if (!fd) {
        return fd.error();
    }
    UnixConnection connection;
    if (::connect(fd->get(), generic(*address), sizeof(*address)) == 0) {
        connection.socket = std::move(*fd);
    } else {
        connection.code = errno;
    }
    return connection;
}

}  // namespace cxedge
