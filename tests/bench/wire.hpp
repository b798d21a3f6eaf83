// SPDX-License-Identifier: Apache-2.0
// A network of two hosts in this process: this machine and a namespace of its own for the broker.
// The cable between them is this process, which counts every IP packet and can delay it. Needs
// root and /dev/net/tun. Gone with the object.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/base/unique_fd.hpp"

namespace cxedge::bench {

struct WireCount {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  // IP and TCP headers included
};

class Wire {
public:
    // Null where it is not allowed or not possible; `why` says it.
    static std::unique_ptr<Wire> make(std::chrono::milliseconds delay, std::string& why);
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire();

    // The other host's address, as seen from here.
    static std::string far_address();
    // Runs `task` on the calling thread as a program of the other host; processes and sockets that
    // it makes stay there.
    void over_there(const std::function<void()>& task) const;

    // Both directions.
    [[nodiscard]] WireCount count() const { return {packets_.load(), bytes_.load()}; }

private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Packet {
        SteadyTime due;
        std::string bytes;
    };
    struct End {
        UniqueFd tun;
        std::deque<Packet> waiting;  // to be written here
    };

    explicit Wire(std::chrono::milliseconds delay) : delay_(delay) {}
    bool set_up(std::string& why);
    void run();
    void take_from(End& end, End& other);
    static void hand_over(End& end, SteadyTime now);
    [[nodiscard]] int pause_ms(SteadyTime now) const;

    std::chrono::milliseconds delay_;
    UniqueFd here_;
    UniqueFd there_;
    std::array<End, 2> ends_;
    std::atomic<std::uint64_t> packets_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace cxedge::bench
