// SPDX-License-Identifier: Apache-2.0
// Devices that push at a fixed rate over connections that stay. Thread: the caller's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "agent/base/unique_fd.hpp"

namespace cxedge::bench {

class PushLoad {
public:
    PushLoad(std::uint16_t port, std::size_t connections);

    // Evenly over the time; waits for the last answer. A message that is due while its device still
    // waits for an answer goes out all the same (pipelined): late is what it is due to.
    void run(double per_s, double seconds);

    [[nodiscard]] std::size_t sent() const { return sent_; }
    [[nodiscard]] std::size_t accepted() const { return accepted_; }  // 200
    [[nodiscard]] std::size_t refused() const { return refused_; }    // anything else
    [[nodiscard]] double sent_in_s() const { return sent_in_s_; }
    // From the moment a message was due to its answer, of that share of them.
    [[nodiscard]] double latency_ms(double share) const;

private:
    using Clock = std::chrono::steady_clock;
    struct Device {
        UniqueFd fd;
        std::string out;
        std::string in;
        std::deque<Clock::time_point> due;  // of what is not answered
    };

    void push(std::size_t device, Clock::time_point due);
    void exchange(int wait_ms);
    void write_some(Device& device);
    void read_some(Device& device);
    void take_answer(Device& device, std::string_view answer);

    std::vector<Device> devices_;
    std::vector<double> latencies_ms_;
    std::size_t sent_ = 0;
    std::size_t accepted_ = 0;
    std::size_t refused_ = 0;
    double sent_in_s_ = 0;
};

}  // namespace cxedge::bench
