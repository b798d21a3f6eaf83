// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "agent/base/clock.hpp"
#include "agent/base/unix_socket.hpp"
#include "agent/control/control.hpp"

namespace cxedge::control {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxAnswerBytes = 16U << 20U;

class Deadline {
public:
    explicit Deadline(milliseconds timeout) : end_(clock_.steady_now() + timeout) {}
    [[nodiscard]] milliseconds left() const {
        const auto left = std::chrono::ceil<milliseconds>(end_ - clock_.steady_now());
        return std::max(left, milliseconds(0));
    }

private:
    SystemClock clock_;
    SteadyTime end_;
};

// True when `fd` is ready for `events` (or broken, which the next call on it will tell).
bool wait_for(const UniqueFd& fd, short events, const Deadline& deadline) {
    for (;;) {
        pollfd entry{fd.get(), events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(deadline.left().count()));
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

Error connect_error(const std::string& path, int code) {
    const std::string what = "control socket " + path;
    switch (code) {
        case ENOENT:
        case ECONNREFUSED:
            return unavailable(
                what + ": nobody answers; is cxedged running, and is this its control socket?"
            );
        case EACCES:
            return unavailable(what + ": permission denied; run as root or join the group cxedge");
        case EAGAIN:
            return unavailable(what + ": too many connections are waiting; try again");
        default:
            return system_error(what, code);
    }
}

Result<UniqueFd> connect_client(const std::string& path) {
    auto connection = connect_unix_socket(path, SOCK_STREAM);
    if (!connection) {
        return connection.error();
    }
    if (connection->code != 0) {
        return connect_error(path, connection->code);
    }
    return std::move(connection->socket);
}

Status send_all(const UniqueFd& socket, std::string_view bytes, const Deadline& deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN && errno != EINTR) {
            return system_error("sending the request", errno);
        } else if (!wait_for(socket, POLLOUT, deadline)) {
            return unavailable("the agent does not read its control socket");
        }
    }
    return {};
}

// Appends what is there to `line`; true once it holds a newline.
Result<bool> receive_some(const UniqueFd& socket, std::string& line) {
    std::array<char, 16384> buffer{};
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got == 0) {
        return unavailable("the agent closed the connection without an answer");
    }
    if (got < 0) {
        const bool again = errno == EAGAIN || errno == EINTR;
        return again ? Result<bool>(false) : system_error("reading the answer", errno);
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = bytes.find('\n');
    line.append(bytes.substr(0, end));
    return end != std::string_view::npos;
}

Result<std::string> receive_line(const UniqueFd& socket, const Deadline& deadline) {
    std::string line;
    while (wait_for(socket, POLLIN, deadline)) {
        const auto complete = receive_some(socket, line);
        if (!complete) {
            return complete.error();
        }
        if (*complete) {
            return line;
        }
        if (line.size() > kMaxAnswerBytes) {
            return corrupt("the answer is longer than 16 MiB");
        }
    }
    return unavailable("no answer in time");
}

}  // namespace

Result<std::string> request(
    const std::string& path, std::string_view json_line, milliseconds timeout
) {
    const Deadline deadline(timeout);
    const auto socket = connect_client(path);
    if (!socket) {
        return socket.error();
    }
    const Status sent = send_all(*socket, std::string(json_line) + "\n", deadline);
    if (!sent) {
        return sent.error();
    }
    return receive_line(*socket, deadline);
}

}  // namespace cxedge::control
