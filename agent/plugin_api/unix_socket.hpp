// SPDX-License-Identifier: Apache-2.0
// Unix sockets that local software sends to. Here, because several plugins listen on one.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge {

inline constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un{}.sun_path) - 1;

// For Schema::check: what is wrong with the path of a Unix socket, or empty.
inline std::string check_unix_path(const std::string& path) {
    if (path.empty() || path.front() != '/') {
        return "must be an absolute path";
    }
    return path.size() > kMaxUnixPath ? "is longer than " + std::to_string(kMaxUnixPath) + " bytes"
                                      : std::string();
}

// "0660" -> 0660; false unless octal and within 0777.
inline bool parse_file_mode(std::string_view text, mode_t& mode) {
    unsigned value = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, 8);
    mode = static_cast<mode_t>(value);
    return read.ec == std::errc{} && read.ptr == end && value <= 0777U;
}
// For Schema::check: what is wrong with a file mode, or empty.
inline std::string check_file_mode(const std::string& text) {
    mode_t ignored = 0;
    return parse_file_mode(text, ignored) ? "" : "must be octal digits, 0000 to 0777";
}

namespace detail {

inline sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, kMaxUnixPath);
    return address;
}

inline const sockaddr* generic(const sockaddr_un& address) {
    return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

// Only a socket that refuses a connection is stale: its process is gone.
inline bool is_stale_socket(const std::string& path, int type) {
    const UniqueFd probe(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_un address = unix_address(path);
    return probe && ::connect(probe.get(), generic(address), sizeof(address)) != 0 &&
           errno == ECONNREFUSED;
}

inline Status make_room(const std::string& path, int type) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
        return errno == ENOENT ? Status() : system_error(path, errno);
    }
    if (!S_ISSOCK(info.st_mode)) {
        return invalid_argument(path + " exists and is not a socket");
    }
    if (!is_stale_socket(path, type)) {
        return unavailable(path + " is in use by another process");
    }
    return ::unlink(path.c_str()) == 0 ? Status() : system_error("unlink " + path, errno);
}

}  // namespace detail

// A bound, non-blocking socket of `type` (SOCK_STREAM, SOCK_DGRAM) at `path` (see check_unix_path).
// A socket file that a dead process left behind is replaced; one that is in use is `unavailable`,
// any other kind of file is `invalid_argument` and stays untouched.
inline Result<UniqueFd> bind_unix_socket(const std::string& path, int type, mode_t mode) {
    if (const Status room = detail::make_room(path, type); !room) {
        return room.error();
    }
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return system_error("socket", errno);
    }
    const sockaddr_un address = detail::unix_address(path);
    if (::bind(fd.get(), detail::generic(address), sizeof(address)) != 0) {
        return system_error("bind " + path, errno);
    }
    if (::chmod(path.c_str(), mode) != 0) {
        const int reason = errno;
        ::unlink(path.c_str());
        return system_error("chmod " + path, reason);
    }
    return fd;
}

}  // namespace cxedge
