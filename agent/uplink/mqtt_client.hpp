// SPDX-License-Identifier: Apache-2.0
// What PolledBroker needs of an MQTT library: one handle for one connection, driven by the caller's
// own poll(2). mosquitto_broker.cpp has the real one. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::uplink {

struct Connected {
    BrokerLimits limits;
};
struct Puback {
    int mid = 0;
    std::uint8_t reason = 0;
};
struct Message {
    std::string topic;
    std::string payload;
    bool retained = false;
    MessageProperties properties;
};
struct Subscribed {
    std::string topic_filter;
    std::uint8_t reason = 0;  // >= 0x80: refused
};
// One of the host's addresses, that was reachable a moment ago.
struct Reachable {
    std::string address;
    bool ipv6 = false;
    // For a library that tries all addresses of the name again: how long each may keep silent.
    // Zero: there is only this one.
    std::chrono::milliseconds share{0};
};
using Arrival = std::variant<Connected, Puback, Message, Subscribed>;

class MqttClient {
public:
    virtual ~MqttClient() = default;

    // Opens the socket and sends CONNECT. Thread: any one, before all else.
    virtual Status connect(const Reachable& server) = 0;
    // Whether connect() looks the name up itself, and so may block even on a reachable address.
    [[nodiscard]] virtual bool connect_blocks() const = 0;
    // -1 once closed.
    [[nodiscard]] virtual int socket() const = 0;
    [[nodiscard]] virtual bool wants_write() const = 0;
    // Reads and writes what the socket allows, keeps alive. An error is the end of the connection,
    // its message is for people.
    virtual Status exchange() = 0;
    // True when bytes may be waiting inside the library, where poll(2) does not see them.
    [[nodiscard]] virtual bool unread() const = 0;
    // What exchange() received, in order.
    virtual std::vector<Arrival> take_arrivals() = 0;

    // An error leaves it unknown whether the library still holds the packet: destroy the client.
    struct Outgoing {
        const std::string& topic;
        std::string_view payload;
        bool retain = false;
        MessageProperties properties{};
    };
    virtual Result<int> publish(const Outgoing& message) = 0;
    virtual Status subscribe(const std::string& topic_filter) = 0;
    // After an error: what the broker said at the end, if it did.
    [[nodiscard]] virtual Loss loss() const = 0;
    // Sends DISCONNECT; exchange() until the socket is closed.
    virtual Status say_goodbye() = 0;
};

using MqttClientFactory = std::function<Result<std::unique_ptr<MqttClient>>(const BrokerOptions&)>;

}  // namespace cxedge::uplink
