// SPDX-License-Identifier: Apache-2.0
// Local software that sends gauges over UDP, in bursts of whole datagrams. Thread: its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/kpi_feeder.hpp"

namespace cxedge::bench {

class StatsdFeeder {
public:
    // Sends `samples` values to 127.0.0.1:`port`, `rate` a second. Nobody answers: a sample counts
    // as acknowledged once it is sent.
    StatsdFeeder(std::uint16_t port, std::string metric, double rate, std::size_t samples);
    StatsdFeeder(const StatsdFeeder&) = delete;
    StatsdFeeder& operator=(const StatsdFeeder&) = delete;
    ~StatsdFeeder();

    [[nodiscard]] std::size_t written() const { return next_.load(); }
    void finish();
    [[nodiscard]] const std::vector<test::KpiSent>& sent() const { return sent_; }

private:
    void run(std::uint16_t port);
    void send_through(std::size_t end, int fd);

    std::string metric_;
    double rate_;
    std::vector<test::KpiSent> sent_;
    std::atomic<std::size_t> next_{0};
    std::thread thread_;
};

}  // namespace cxedge::bench
