// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/uplink/broker.hpp"

namespace cxedge::uplink {

// Finds out whether a broker would take us (TCP, TLS, CONNACK) on a connection and under a client
// id of its own, while the real connection goes on elsewhere. Thread: one.
class FailbackProbe final : private BrokerListener {
public:
    enum class Outcome : std::uint8_t { idle, pending, works, fails };

    // `scout` outlives the probe.
    explicit FailbackProbe(Broker& scout) : scout_(scout) {}

    // `options` as for the real connection.
    void begin(BrokerOptions options);
    // Handles what came; `works` and `fails` are told once.
    Outcome step();
    [[nodiscard]] bool pending() const { return outcome_ == Outcome::pending; }
    void cancel();

private:
    void on_connected(const BrokerLimits& /*limits*/) override { outcome_ = Outcome::works; }
    void on_disconnected(const std::string& why) override;
    void on_puback(int /*mid*/, std::uint8_t /*reason*/) override {}
    void on_message(const std::string& /*topic*/, std::string_view /*payload*/, bool /*retained*/)
        override {}

    Broker& scout_;
    Outcome outcome_ = Outcome::idle;
};

}  // namespace cxedge::uplink
