// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/doctor/rtsp_probe.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "agent/base/unique_fd.hpp"
#include "agent/config/load.hpp"
#include "agent/uplink/name_lookup.hpp"

namespace cxedge::ctl {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kRtspPort = 554;
constexpr std::string_view kScheme = "rtsp://";

struct CameraHost {
    std::string host;
    std::uint16_t port = kRtspPort;
};

// The authority of an rtsp URL has the form of a broker's.
Result<CameraHost> host_of(const std::string& address) {
    const std::size_t begin = kScheme.size();
    const std::size_t end = std::min(address.find('/', begin), address.size());
    const std::string authority = address.substr(begin, end - begin);
    const auto url = config::parse_broker_url("mqtt://" + authority);
    if (!url) {
        return invalid_argument(address + ": has no valid host");
    }
    const bool has_port = authority.rfind(':') != std::string::npos && authority.back() != ']';
    return CameraHost{url->host, has_port ? url->port : kRtspPort};
}

uplink::Addresses addresses_of(const CameraHost& camera) {
    auto numeric = uplink::numeric_address(camera.host, camera.port);
    return numeric ? std::move(numeric) : uplink::look_up(camera.host, camera.port);
}

// Every later call on the socket ends after `patience`, connecting included (socket(7)).
void limit_waiting(int socket, milliseconds patience) {
    timeval wait{};
    wait.tv_sec = static_cast<decltype(wait.tv_sec)>(patience.count() / 1000);
    wait.tv_usec = static_cast<decltype(wait.tv_usec)>(patience.count() % 1000 * 1000);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

Result<UniqueFd> connection_to(const uplink::NetworkAddress& server, milliseconds patience) {
    UniqueFd socket(::socket(server.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        return system_error("socket", errno);
    }
    limit_waiting(socket.get(), patience);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&server.bytes);
    if (::connect(socket.get(), generic, server.size) != 0) {
        // What Linux says when connecting took too long.
        const int why = errno == EINPROGRESS ? ETIMEDOUT : errno;
        return system_error("connecting to " + server.text, why);
    }
    return socket;
}

// "RTSP/1.0 401 Unauthorized" -> 401
Result<int> status_of(std::string_view answer) {
    int code = 0;
    const std::size_t space = answer.find(' ');
    if (answer.starts_with("RTSP/") && space != std::string_view::npos) {
        std::from_chars(answer.data() + space + 1, answer.data() + answer.size(), code);
    }
    return code > 0 ? Result<int>(code) : unavailable("what answers is not a network camera");
}

Result<int> ask_for_stream(int socket, const std::string& address) {
    const std::string question = fmt::format(
        "DESCRIBE {} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n"
        "User-Agent: cxctl\r\n\r\n",
        address
    );
    if (::send(socket, question.data(), question.size(), MSG_NOSIGNAL) < 0) {
        return system_error("asking " + address, errno);
    }
    std::array<char, 512> answer{};
    const ssize_t got = ::recv(socket, answer.data(), answer.size(), 0);
    if (got < 0) {
        const int why = errno == EAGAIN ? ETIMEDOUT : errno;
        return system_error("waiting for " + address, why);
    }
    const auto code = status_of({answer.data(), static_cast<std::size_t>(got)});
    return code ? code : Result<int>(code.error().during(address));
}

}  // namespace

Result<int> rtsp_describe(const std::string& address, milliseconds patience) {
    const auto camera = host_of(address);
    if (!camera) {
        return camera.error();
    }
    const auto servers = addresses_of(*camera);
    if (!servers) {
        return servers.error();
    }
    Result<UniqueFd> socket = unavailable(camera->host + " has no address");
    for (const uplink::NetworkAddress& server : *servers) {
        socket = connection_to(server, patience);
        if (socket) {
            return ask_for_stream(socket->get(), address);
        }
    }
    return socket.error().during(address);
}

}  // namespace cxedge::ctl
