// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/uplink/broker.hpp"

namespace cxedge::test {

// A Broker that misbehaves on request, without a network: drops, repeats, delays and refuses
// acknowledgements, refuses or loses connections. poll() never waits.
class ScriptedBroker final : public uplink::Broker {
public:
    struct Published {
        std::string topic;
        std::string payload;
        bool retain = false;
        int mid = 0;
        int connection = 0;  // 1 for the first
    };
    // What becomes of one publish.
    struct Answer {
        int pubacks = 1;  // 0: never acknowledged, 2: acknowledged twice
        std::uint8_t reason = 0;
        int delay_polls = 0;      // acknowledged that many polls later
        bool disconnect = false;  // lose the connection, without a PUBACK
    };

    // ---- the script ----
    std::function<Answer(const Published&)> answer = [](const Published&) {
        return Answer{};
    };
    uplink::BrokerLimits limits;
    int unreachable_connects = 0;  // that many connect() calls fail
    int refused_connects = 0;      // that many connections are refused
    bool tcp_refused = false;      // connections fail before the broker hears of them
    std::function<bool(const uplink::BrokerOptions&)> dead;  // likewise, by what is connected to
    // After TCP, as a broker does that does not like a certificate.
    std::function<bool(const uplink::BrokerOptions&)> refuses;
    bool speaks_v5 = true;
    std::map<std::string, std::string> retained;  // sent after the SUBACK of their topic
    bool answers_subscriptions = true;
    std::uint8_t subscription_reason = 0;
    // As on a real network, the uplink hears of it in its next poll(); until then it publishes
    // into the void.
    void lose_connection(
        const std::string& why, uplink::Loss loss = {uplink::Reached::session, 0, false}
    );
    void receive(const std::string& topic, const std::string& payload);

    // ---- what happened ----
    std::vector<Published> published;
    std::vector<std::string> subscribed;
    uplink::BrokerOptions options;  // of the last connect()
    int connects = 0;               // calls
    int connections = 0;            // accepted
    int disconnects = 0;
    int drops = 0;
    std::size_t max_outstanding = 0;  // unacknowledged at any time on one connection
    int published_offline = 0;        // must stay 0
    std::atomic<int> wakes = 0;
    std::chrono::milliseconds last_timeout{};  // of poll()
    [[nodiscard]] bool connected() const { return phase_ == Phase::up && !loss_; }
    // Of all connections, in order; topics that contain `part`.
    [[nodiscard]] std::vector<Published> to(const std::string& part) const;

    Status connect(const uplink::BrokerOptions& broker_options, uplink::BrokerListener& listener)
        override;
    void disconnect() override;
    void drop() override;
    Result<int> publish(const std::string& topic, std::string_view payload, bool retain) override;
    [[nodiscard]] bool fits(std::size_t topic_bytes, std::size_t payload_bytes) const override;
    Status subscribe(const std::string& topic_filter) override;
    void poll(std::chrono::milliseconds timeout) override;
    [[nodiscard]] uplink::Loss last_loss() const override { return last_loss_; }
    void wake() override { ++wakes; }

private:
    enum class Phase { idle, greeting, up };
    struct Due {
        int mid = 0;
        std::uint8_t reason = 0;
        int polls_left = 0;
    };
    void close();
    void greet();
    void refuse(const std::string& why, uplink::Loss loss);
    void send_subacks();
    void send_pubacks();
    void send_messages();

    Phase phase_ = Phase::idle;
    uplink::BrokerListener* listener_ = nullptr;
    int next_mid_ = 1;
    std::size_t outstanding_ = 0;
    std::vector<Due> due_;
    std::deque<std::pair<std::string, std::string>> inbox_;
    std::vector<std::string> unanswered_;  // subscriptions
    std::optional<std::string> loss_;
    uplink::Loss last_loss_;
};

}  // namespace cxedge::test
