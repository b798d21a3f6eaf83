// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/uplink/broker.hpp"

#include "tests/support/slowness.hpp"

namespace cxedge::test {

// Notes what a Broker tells its listener.
struct BrokerLog final : uplink::BrokerListener {
    int connected = 0;
    uplink::BrokerLimits limits;
    std::vector<std::string> disconnected;
    std::vector<std::pair<int, std::uint8_t>> pubacks;
    std::vector<std::pair<std::string, std::string>> messages;
    std::vector<std::pair<std::string, std::uint8_t>> subscribed;

    void on_connected(const uplink::BrokerLimits& granted) override {
        ++connected;
        limits = granted;
    }
    void on_disconnected(const std::string& why) override { disconnected.push_back(why); }
    void on_puback(int mid, std::uint8_t reason) override { pubacks.emplace_back(mid, reason); }
    void on_message(const std::string& topic, std::string_view payload, bool /*retained*/)
        override {
        messages.emplace_back(topic, payload);
    }
    void on_subscribed(const std::string& topic_filter, std::uint8_t reason) override {
        subscribed.emplace_back(topic_filter, reason);
    }
};

// Polls until `done` or ten seconds (times slowness()) are over; says whether it was done.
inline bool poll_until(uplink::Broker& broker, const std::function<bool()>& done) {
    const SystemClock clock;
    const SteadyTime end = clock.steady_now() + std::chrono::seconds(10 * slowness());
    while (!done() && clock.steady_now() < end) {
        broker.poll(std::chrono::milliseconds(50));
    }
    return done();
}

}  // namespace cxedge::test
