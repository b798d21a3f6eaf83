// SPDX-License-Identifier: Apache-2.0
// Moves batches from the spool to the broker: at least once, in order within a lane, never more
// than a window unacknowledged, never published offline (delivery.md 4.3). Thread: one; time comes
// in through `Clock`, so that the simulator can drive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/lane.hpp"
#include "agent/store/spool.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"

namespace cxedge::uplink {

struct UplinkOptions {
    BrokerOptions broker;
    wire::NodeIdentity identity;
    std::string version;
    unsigned window = 32;                         // unacknowledged batches at most
    std::chrono::milliseconds backoff_min{1000};  // reconnect: decorrelated jitter between these
    std::chrono::milliseconds backoff_max{300000};
    std::chrono::milliseconds ack_timeout{30000};  // oldest unacknowledged older: reconnect, replay
    std::chrono::milliseconds live_age{60000};     // sealed longer ago: backfill topic
    std::uint64_t seed = 0;                        // of the reconnect jitter; 0: from the kernel
};

enum class Connection : std::uint8_t { offline, connecting, online };

struct UplinkStatus {
    Connection connection = Connection::offline;
    std::string last_error;  // why the last connection ended or failed; empty = never
    WallTime since{};        // of the present connection state
    std::uint64_t connects = 0;
    std::uint64_t in_flight = 0;     // batches
    std::uint64_t batches_sent = 0;  // publishes, repeats included
    std::uint64_t batches_delivered = 0;
    std::uint64_t samples_delivered = 0;
    std::uint64_t events_delivered = 0;
    std::uint64_t bytes_sent = 0;       // MQTT payload
    std::uint64_t batches_refused = 0;  // PUBACK >= 0x80
};

class Uplink {
public:
    // What the uplink needs to know of the clock when it sends.
    using ClockProbe = std::function<wire::ClockState()>;

    // References outlive the uplink.
    Uplink(
        UplinkOptions options,
        store::Spool& spool,
        Broker& broker,
        const Clock& clock,
        ClockProbe probe
    );
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;
    ~Uplink();

    // One turn: connects or reconnects when due, sends what fits the window, handles traffic for at
    // most `timeout` (less when something is due earlier).
    void run_once(std::chrono::milliseconds timeout);
    // Leaves cleanly: publishes state offline, disconnects. What is unacknowledged stays in the
    // spool.
    void stop();

    // Thread: any.
    [[nodiscard]] UplinkStatus status() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::uplink
