// SPDX-License-Identifier: Apache-2.0
// The platform's end of a bench: what came of each sample, by the whole part of its value. A
// session that outlives the broker. Thread: its own; read it after stop().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/ctl/line_writer.hpp"
#include "agent/ctl/receiver.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::bench {

struct Arrived {
    std::int64_t first_ns = 0;  // steady clock; 0: never
    std::uint32_t times = 0;    // in different batches
};

class Subscriber final : private ctl::LineWriter, private uplink::BrokerListener {
public:
    // Watches the samples of `metric` with values from 0 to below `samples`. `in_its_network` runs
    // what it is given where the subscriber's sockets shall be; it returns when that has ended.
    using Place = std::function<void(const std::function<void()>&)>;
    Subscriber(std::uint16_t port, std::string metric, std::size_t samples, Place in_its_network);
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;
    ~Subscriber() override;

    // Thread: any. Different samples so far.
    [[nodiscard]] std::size_t received() const { return received_.load(); }
    [[nodiscard]] bool connected() const { return connected_.load(); }

    void stop();
    [[nodiscard]] const std::vector<Arrived>& arrived() const { return arrived_; }
    [[nodiscard]] std::uint64_t batches() const { return receiver_.totals().batches; }
    [[nodiscard]] std::uint64_t repeated_batches() const {
        return receiver_.totals().duplicate_batches;
    }
    [[nodiscard]] std::uint64_t payload_bytes() const { return receiver_.totals().payload_bytes; }

private:
    void run(std::uint16_t port);
    void batch(const ctl::ShownBatch& batch) override;
    void node_state(const ctl::Origin& /*origin*/, const wire::NodeState& /*state*/) override {}
    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int /*mid*/, std::uint8_t /*reason*/) override {}
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;

    std::string metric_;
    SystemClock clock_;
    ctl::Receiver receiver_;
    std::unique_ptr<uplink::Broker> broker_;
    std::vector<Arrived> arrived_;
    std::atomic<std::size_t> received_{0};
    std::atomic<bool> connected_{false};
    std::atomic<bool> stopping_{false};
    bool idle_ = true;  // no connection and none begun
    std::thread thread_;
};

}  // namespace cxedge::bench
