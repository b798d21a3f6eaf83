// SPDX-License-Identifier: Apache-2.0
// What the server and the client of the control socket share.
#pragma once

#include <cstddef>
#include <string>

#include <sys/un.h>

#include "agent/base/result.hpp"
#include "agent/base/unique_fd.hpp"

namespace cxedge::control {

// Longest request line, without its newline.
inline constexpr std::size_t kMaxRequestBytes = 64UL * 1024UL;

// invalid_argument: empty, or longer than sun_path holds (107 bytes).
Result<sockaddr_un> socket_address(const std::string& path);
// A close-on-exec stream socket with the given further type flags.
Result<UniqueFd> stream_socket(int flags);
// 0, or the errno of connect(2).
int connect_to(const UniqueFd& socket, const sockaddr_un& address);

}  // namespace cxedge::control
