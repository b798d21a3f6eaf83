// SPDX-License-Identifier: Apache-2.0
// One connection to one MQTT broker, as the uplink needs it. mosquitto_broker.cpp is the real one;
// tests/support has a scripted one for faults. Thread: one, the uplink's; callbacks come out of
// poll().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace cxedge::uplink {

enum class Protocol : std::uint8_t {
    v5,    // MQTT 5.0
    v311,  // MQTT 3.1.1: no limits, no reason codes, a PUBACK is always "ok"
};
std::string_view to_string(Protocol protocol);

struct Endpoint {
    std::string host;
    std::uint16_t port = 1883;
    bool tls = false;
    bool operator==(const Endpoint&) const = default;
};
// "host:1883", "[::1]:8883"
std::string to_string(const Endpoint& endpoint);

struct BrokerOptions {
    std::string host;
    std::uint16_t port = 1883;
    Protocol protocol = Protocol::v5;
    std::string client_id;
    std::string username;
    std::string password;
    bool tls = false;
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
    std::chrono::seconds keepalive{30};
    std::chrono::seconds connect_timeout{10};
    std::uint32_t session_expiry_s = 3600;  // inbound commands only; outbound replays by seq
    std::string will_topic;
    std::string will_payload;
    std::uint32_t will_delay_s = 30;
    // Larger packets do not come (MQTT 5.0 section 3.1.2.11.4); with MQTT 3.1.1 a larger payload is
    // cut to this. 0: any size.
    std::uint32_t max_incoming_bytes = 0;
};

// To connect to `endpoint`.
void point_at(BrokerOptions& options, const Endpoint& endpoint);

// What CONNACK granted (MQTT 5.0 section 3.2.2.3).
struct BrokerLimits {
    std::uint16_t receive_maximum = 65535;
    std::uint32_t maximum_packet_size = 0;  // 0 = none stated
};

// How far the connection that was lost last had come; says what it cost the broker.
enum class Reached : std::uint8_t {
    nothing,  // a file or the host's name was in the way
    name,     // an address, but no TCP connection: refused, or no answer
    server,   // TCP; then TLS failed, or CONNECT was refused or not answered
    session,  // CONNACK
};
struct Loss {
    Reached reached = Reached::nothing;
    // Of CONNACK or DISCONNECT, in the numbers of MQTT 5.0; 0: the broker gave none.
    std::uint8_t reason = 0;
    bool closed = false;  // the other side closed without a word, a TLS alert included
};

// Of a message (MQTT 5.0 section 3.3.2.3); with MQTT 3.1.1 none travel.
struct MessageProperties {
    std::string response_topic;  // who sent it waits there; empty: nobody does
    std::string correlation;     // bytes that mean something to who sent it
    std::uint32_t expiry_s = 0;  // of its life so much is left; 0: none was stated
};

class BrokerListener {
public:
    virtual ~BrokerListener() = default;
    virtual void on_connected(const BrokerLimits& limits) = 0;
    // The connection is gone or was refused; `why` is for people: "refused: not authorised (0x87)".
    virtual void on_disconnected(const std::string& why) = 0;
    // PUBACK for what publish() returned as `mid`; reason >= 0x80 is a refusal (MQTT 5.0 3.4.2.1).
    virtual void on_puback(int mid, std::uint8_t reason) = 0;
    virtual void on_message(const std::string& topic, std::string_view payload, bool retained) = 0;
    // SUBACK; `reason` >= 0x80 is a refusal (MQTT 5.0 3.9.3). Who does not wait for it need not
    // know.
    virtual void on_subscribed(const std::string& /*topic_filter*/, std::uint8_t /*reason*/) {}
};

class Broker {
public:
    virtual ~Broker() = default;

    // Begins a connection; the outcome comes to `listener` out of poll(), at the latest after
    // connect_timeout. Never blocks. An error means that nothing was begun and that the listener
    // will not be called: invalid_argument (a file cannot be read), unavailable.
    virtual Status connect(const BrokerOptions& options, BrokerListener& listener) = 0;
    // DISCONNECT with reason 0 (no will), after what was published before it. Waits for the broker
    // to close, a quarter of a second at most. The listener is not called again. Idempotent.
    virtual void disconnect() = 0;
    // Lets go of the connection without a word: the broker publishes the will unless a new
    // connection comes in time. The listener is not called again. Idempotent.
    virtual void drop() = 0;

    // QoS 1; returns the packet's mid. unavailable: not connected (nothing is ever queued offline);
    // exhausted: fits() says no.
    virtual Result<int> publish(
        const std::string& topic, std::string_view payload, bool retain
    ) = 0;
    // Likewise, not retained.
    virtual Result<int> send(
        const std::string& topic, std::string_view payload, const MessageProperties& /*properties*/
    ) {
        return publish(topic, payload, false);
    }
    // Of the message that on_message() is called for, in that call.
    [[nodiscard]] virtual MessageProperties properties() const { return {}; }
    // False when the packet would exceed the broker's maximum packet size (with headroom for the
    // libmosquitto 2.0.11 abort, see delivery.md 5 #1).
    [[nodiscard]] virtual bool fits(std::size_t topic_bytes, std::size_t payload_bytes) const = 0;
    virtual Status subscribe(const std::string& topic_filter) = 0;

    // Waits up to `timeout` for network traffic or wake() and handles it.
    virtual void poll(std::chrono::milliseconds timeout) = 0;
    // Of the connection that on_disconnected() told last.
    [[nodiscard]] virtual Loss last_loss() const = 0;
    // Makes a running or the next poll() return at once. Thread: any.
    virtual void wake() = 0;
};

std::unique_ptr<Broker> make_mosquitto_broker();

}  // namespace cxedge::uplink
