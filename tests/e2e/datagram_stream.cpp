// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/datagram_stream.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace cxedge::test {

DatagramStream::DatagramStream(
    const std::string& socket, std::string line, std::chrono::milliseconds every
)
    : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), line_(std::move(line)), every_(every) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot connect to " + socket);
    }
    thread_ = std::thread([this] { run(); });
}

DatagramStream::~DatagramStream() {
    finish();
}

// A full socket blocks; one that nobody has any more refuses.
void DatagramStream::run() {
    using std::chrono::steady_clock;
    auto before = steady_clock::now();
    while (!stopping_.load() && !broken_.load()) {
        const ssize_t took = ::send(fd_.get(), line_.data(), line_.size(), MSG_NOSIGNAL);
        if (took == static_cast<ssize_t>(line_.size())) {
            ++sent_;
        } else {
            broken_ = true;
        }
        const auto now = steady_clock::now();
        const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(now - before);
        longest_pause_ = std::max(longest_pause_, pause);
        before = now;
        ::poll(nullptr, 0, static_cast<int>(every_.count()));
    }
}

std::uint64_t DatagramStream::finish() {
    stopping_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
    return sent();
}

}  // namespace cxedge::test
