// SPDX-License-Identifier: Apache-2.0
// cxctl's end of an MQTT connection: connects, subscribes, comes back by itself. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::ctl {

// What the command line says about the connection.
struct ConnectionOptions {
    std::string broker = "mqtt://127.0.0.1:1883";
    std::string topic = "cx/1/#";
    std::string session;  // client id of a session that the broker keeps; empty: none
    std::uint32_t session_expiry_s = 3600;
    std::string username;
    std::string password_file;
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
};
// invalid_argument: the URL is wrong; others: the password file cannot be read.
Result<uplink::BrokerOptions> broker_options(const ConnectionOptions& options);

// Topic filters that bring what `topic` brings, and the dictionaries of its nodes that it does not
// cover: "cx/1/+/+/+/up/#" -> "cx/1/+/+/+/dict/#" and itself.
std::vector<std::string> filters_with_dictionaries(const std::string& topic);
// For a topic that covers whole nodes ("cx/1/acme/#"): filters for what nodes say, without what
// they are told. Empty: it does not.
std::vector<std::string> filters_of_nodes(const std::string& topic);

class BrokerLink final : private uplink::BrokerListener {
public:
    using Note = std::function<void(const std::string& text)>;
    using Hear = std::function<void(const std::string& topic, std::string_view payload)>;
    struct Parts {
        uplink::Broker& broker;
        const Clock& clock;
        Note note;
        Hear hear;                           // out of turn()
        std::function<void()> on_connected;  // out of turn(), subscribed already; may be empty
    };

    // What `parts` refers to outlives the link. `name` of the broker is for people.
    BrokerLink(
        std::string name,
        uplink::BrokerOptions connection,
        std::vector<std::string> filters,
        Parts parts
    );
    BrokerLink(const BrokerLink&) = delete;
    BrokerLink& operator=(const BrokerLink&) = delete;
    BrokerLink(BrokerLink&&) = delete;
    BrokerLink& operator=(BrokerLink&&) = delete;
    ~BrokerLink() override = default;

    // Connects when due, waits up to a tenth of a second for traffic and handles it, publishes.
    void turn();
    // How long to sleep before the next turn; zero while connected, when turn() itself waits.
    [[nodiscard]] std::chrono::milliseconds pause() const;
    // To be published in turn(); lost when there is no connection by then.
    void publish(std::string topic, std::string payload, bool retain);
    // Retained; waits for a connection, and for the next, until the broker has confirmed it. Only
    // the last one of a topic counts.
    void keep(std::string topic, std::string payload);
    // How many of those wait; one that the broker refuses waits on.
    [[nodiscard]] std::size_t unconfirmed() const { return kept_.size(); }
    // As publish(), not retained, and the broker keeps it no longer than that for who is away.
    void send_to(std::string topic, std::string payload, std::uint32_t expiry_s);
    // Publishes what waits, then says goodbye.
    void stop();

    [[nodiscard]] bool connected() const { return state_ == State::up; }
    [[nodiscard]] bool was_connected() const { return was_connected_; }

private:
    enum class State : std::uint8_t { down, connecting, up };
    struct Outgoing {
        std::string topic;
        std::string payload;
        bool retain = false;
        std::uint32_t expiry_s = 0;  // 0: none
    };

    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int mid, std::uint8_t reason) override;
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;

    struct Kept {
        std::string topic;
        std::string payload;
        int mid = 0;  // on this connection; 0: not sent on it
    };
    void send_kept();
    void connect();
    void lost(const std::string& why);
    void greet();
    void send();

    std::string name_;
    uplink::BrokerOptions connection_;
    std::vector<std::string> filters_;
    Parts parts_;
    State state_ = State::down;
    bool greeting_due_ = false;
    bool was_connected_ = false;
    std::vector<Outgoing> outgoing_;
    std::vector<Kept> kept_;
    SteadyTime connect_at_;
    std::chrono::milliseconds backoff_;
};

}  // namespace cxedge::ctl
