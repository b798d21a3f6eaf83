// SPDX-License-Identifier: Apache-2.0
#include "tests/support/rtsp_server.hpp"

#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace cxedge::test {
namespace {

std::vector<std::string> server_command(
    const std::vector<std::string>& options, const std::string& port
) {
    // Debian's python: a private one does not find python3-gi.
    std::vector<std::string> all{"/usr/bin/python3", RTSP_SERVER, "--port", port};
    all.insert(all.end(), options.begin(), options.end());
    return all;
}

}  // namespace

RtspServer::RtspServer(const std::vector<std::string>& options, const std::string& port)
    : process_(server_command(options, port)) {
    const std::optional<std::string> line = process_.line(std::chrono::seconds(30));
    if (line && line->starts_with("port ")) {
        port_ = line->substr(5);
    } else {
        problem_ = "no RTSP server (./dev install): " + line.value_or("it does not start");
    }
}

UniqueFd listen_and_be_mute(const std::string& port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    const bool listens =
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(socket.get(), 16) == 0;
    return listens ? std::move(socket) : UniqueFd();
}

}  // namespace cxedge::test
