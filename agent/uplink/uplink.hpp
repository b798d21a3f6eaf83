// SPDX-License-Identifier: Apache-2.0
// Moves batches from the spool to the broker: at least once, fresh ones before the backlog, never
// more than a window unacknowledged, never published offline (README.md). Thread: one; time comes
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
#include "agent/uplink/send_clock.hpp"
#include "agent/wire/batch_codec.hpp"
#include "agent/wire/dictionary.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::uplink {

struct InboundCommand {
    std::string_view payload;
    bool retained = false;
    MessageProperties properties;
};

struct UplinkOptions {
    BrokerOptions broker;                // the preferred one
    std::vector<Endpoint> alternatives;  // further ones, in order of preference
    wire::NodeIdentity identity;
    std::string version;
    unsigned window = 32;                         // unacknowledged batches at most
    std::chrono::milliseconds backoff_min{1000};  // reconnect: decorrelated jitter between these
    std::chrono::milliseconds backoff_max{300000};
    std::chrono::milliseconds ack_timeout{30000};  // oldest unacknowledged older: reconnect, replay
    std::chrono::milliseconds live_age{60000};     // sealed longer ago: backfill topic
    std::uint64_t backfill_bytes_per_s = 0;        // 0: no limit
    std::chrono::milliseconds backfill_start_jitter{0};  // after connecting, at random
    std::chrono::milliseconds fast_retry{
        120000};                                 // outage so long: retry fast while TCP is refused
    std::chrono::milliseconds failback{600000};  // on a lesser broker: look for the preferred one
    std::chrono::milliseconds clock_wait{86400000};  // data waits so long for a plausible clock
    std::vector<std::string> topics;                 // further ones to subscribe to
    // What comes on them. Thread: the uplink's.
    std::function<void(const std::string& topic, std::string_view payload)> on_message;
    std::uint64_t seed = 0;  // of all jitter; 0: from the kernel
    // A signed command (Envelope) on cmd/req. Thread: the uplink's.
    std::function<void(const InboundCommand&)> on_command;
    bool await_credential = false;  // no attempt before use_credential()
};

// Both outlive the uplink.
struct Brokers {
    // NOLINTNEXTLINE(google-explicit-constructor): one broker is all that most need
    Brokers(Broker& its_main, Broker* its_scout = nullptr) : main(its_main), scout(its_scout) {}
    Broker& main;
    // Another connection, to find out whether the preferred broker works again; null: no failback.
    Broker* scout;
};

enum class Connection : std::uint8_t { offline, connecting, online };

struct UplinkStatus {
    Connection connection = Connection::offline;
    std::string last_error;  // why the last connection ended or failed; empty = never
    WallTime since{};        // of the present connection state
    std::uint64_t connects = 0;
    std::uint64_t in_flight = 0;         // batches
    std::uint64_t batches_sent = 0;      // publishes, repeats included
    std::uint64_t batches_accepted = 0;  // PUBACK < 0x80; of publishes of this uplink
    // And deleted here, also by an acknowledgement of what an earlier uplink sent.
    std::uint64_t batches_delivered = 0;
    std::uint64_t samples_delivered = 0;
    std::uint64_t events_delivered = 0;
    std::uint64_t bytes_sent = 0;       // MQTT payload
    std::uint64_t batches_refused = 0;  // PUBACK >= 0x80
    std::uint64_t batches_resent = 0;  // publishes that repeat: refused, lost on the way, asked for
    std::uint64_t batches_buried = 0;  // dead letters
    std::string endpoint;              // "host:port" in use or tried next
    std::string protocol;              // "MQTT 5.0", "MQTT 3.1.1"
    std::string holding;               // why data waits although online; empty: it does not
    std::uint64_t backfill_bytes = 0;  // left of the backlog, an estimate
    bool platform_ack = false;         // the platform's word deletes, not the broker's
};

class Uplink {
public:
    // References outlive the uplink.
    Uplink(
        UplinkOptions options,
        store::Spool& spool,
        Brokers brokers,
        const Clock& clock,
        ClockProbe probe
    );
    Uplink(const Uplink&) = delete;
    Uplink& operator=(const Uplink&) = delete;
    ~Uplink();

    // One turn: connects or reconnects when due, sends what fits the window, handles traffic for at
    // most `timeout` (less when something is due earlier).
    void run_once(std::chrono::milliseconds timeout);
    // Connects with this client certificate and key, one PEM file, from now on: at once, where it
    // is or would be connected with another. What is unacknowledged is sent again.
    void use_credential(const std::string& file);
    // Leaves cleanly: publishes state offline, disconnects. What is unacknowledged stays in the
    // spool.
    void stop();

    // Publishes it retained, now or as soon as there is a connection, and again on each new one:
    // another broker may be at its end. Thread: any.
    void retain(std::string topic, std::string payload);
    // Publishes it once, not retained; lost with the connection. Thread: any.
    void answer(const MessageProperties& asked, std::string payload);

    // As if it had come on cmd/req. Thread: any.
    void ask(const wire::Request& request);
    // Thread: any.
    [[nodiscard]] UplinkStatus status() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cxedge::uplink
