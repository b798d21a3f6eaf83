// SPDX-License-Identifier: Apache-2.0
// The platform's end of a bench: what came of each sample. A session that outlives the broker.
// Thread: its own; read it after stop().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "agent/base/clock.hpp"
#include "agent/ctl/line_writer.hpp"
#include "agent/ctl/receiver.hpp"
#include "agent/uplink/broker.hpp"

#include "tests/bench/far_end.hpp"

namespace cxedge::bench {

class Subscriber final : private ctl::LineWriter, private uplink::BrokerListener {
public:
    // `port`: of the broker, on loopback.
    Subscriber(std::uint16_t port, Watched watched, Place in_its_network);
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;
    ~Subscriber() override;

    // received() from any thread.
    [[nodiscard]] const Arrivals& arrivals() const { return arrivals_; }
    [[nodiscard]] const Arrivals& backlog() const { return backlog_; }

    void stop();
    [[nodiscard]] std::uint64_t batches() const { return receiver_.totals().batches; }
    [[nodiscard]] std::uint64_t repeated_batches() const {
        return receiver_.totals().duplicate_batches;
    }
    [[nodiscard]] std::uint64_t payload_bytes() const { return receiver_.totals().payload_bytes; }

private:
    void run();
    void batch(const ctl::ShownBatch& batch) override;
    void node_state(const ctl::Origin& /*origin*/, const wire::NodeState& /*state*/) override {}
    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int /*mid*/, std::uint8_t /*reason*/) override {}
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;

    std::uint16_t port_;
    Watched watched_;
    SystemClock clock_;
    ctl::Receiver receiver_;
    std::unique_ptr<uplink::Broker> broker_;
    Arrivals arrivals_;
    Arrivals backlog_;
    std::atomic<bool> stopping_{false};
    bool idle_ = true;  // no connection and none begun
    std::thread thread_;
};

}  // namespace cxedge::bench
