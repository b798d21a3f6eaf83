// SPDX-License-Identifier: Apache-2.0
// Software that counts: StatsD lines, one a datagram, evenly in time, over one connection to a Unix
// socket that it never opens again. Thread: its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {

class DatagramStream {
public:
    // Throws std::runtime_error when nobody has the socket.
    DatagramStream(const std::string& socket, std::string line, std::chrono::milliseconds every);
    DatagramStream(const DatagramStream&) = delete;
    DatagramStream& operator=(const DatagramStream&) = delete;
    ~DatagramStream();

    // Thread: any.
    [[nodiscard]] std::uint64_t sent() const { return sent_.load(); }
    // Ends; returns how many were sent. A socket that was closed meanwhile has ended it before.
    std::uint64_t finish();
    [[nodiscard]] bool broken() const { return broken_.load(); }
    // Between two lines, be it that this machine had no time. After finish().
    [[nodiscard]] std::chrono::milliseconds longest_pause() const { return longest_pause_; }

private:
    void run();

    UniqueFd fd_;
    std::string line_;
    std::chrono::milliseconds every_;
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> broken_{false};
    std::chrono::milliseconds longest_pause_{0};
    std::thread thread_;
};

}  // namespace cxedge::test
