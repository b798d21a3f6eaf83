// SPDX-License-Identifier: Apache-2.0
// Unix sockets (unix(7)): of local software that sends to us, and of cxctl. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>
#include <sys/un.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge {

inline constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un{}.sun_path) - 1;

// For Schema::check: what is wrong with the path of a Unix socket, or empty.
std::string check_unix_path(const std::string& path);

// "0660" -> 0660; false unless octal and within 0777.
bool parse_file_mode(std::string_view text, mode_t& mode);
// For Schema::check: what is wrong with a file mode, or empty.
std::string check_file_mode(const std::string& text);

// A bound, non-blocking socket of `type` (SOCK_STREAM, SOCK_DGRAM) at `path`, never more open than
// `mode`. A socket file that a dead process left behind is replaced; one that is in use is
// `unavailable`, any other kind of file is `invalid_argument` and stays untouched.
Result<UniqueFd> bind_unix_socket(const std::string& path, int type, mode_t mode);

// A connected, non-blocking socket. `code` is then 0; else the errno of connect(2), and the socket
// is empty. invalid_argument: the path is empty or longer than kMaxUnixPath.
struct UnixConnection {
    UniqueFd socket;
    int code = 0;
};
Result<UnixConnection> connect_unix_socket(const std::string& path, int type);

}  // namespace cxedge
