// SPDX-License-Identifier: Apache-2.0
// The least that can answer lines on a socket: epoll_wait, read, write. Serves one client after the
// other, until it is killed.
#include <algorithm>
#include <array>
#include <string>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace {

using cxedge::UniqueFd;

UniqueFd listen_on(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path.c_str());
    const bool good =
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(fd.get(), 1) == 0;
    return good ? std::move(fd) : UniqueFd();
}

void serve(int client) {
    const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, client, &event);
    std::array<char, 32768> chunk{};
    std::string answers;
    while (::epoll_wait(epoll.get(), &event, 1, -1) == 1) {
        const ssize_t size = ::read(client, chunk.data(), chunk.size());
        if (size <= 0) {
            return;
        }
        answers.clear();
        for (auto lines = std::count(chunk.begin(), chunk.begin() + size, '\n'); lines > 0;
             --lines) {
            answers += "ok\n";
        }
        if (::write(client, answers.data(), answers.size()) < 0) {
            return;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const UniqueFd listener = argc == 2 ? listen_on(argv[1]) : UniqueFd();
    while (listener) {
        const UniqueFd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) {
            break;
        }
        serve(client.get());
    }
    return 1;
}
