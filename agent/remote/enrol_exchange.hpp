// SPDX-License-Identifier: Apache-2.0
// One question to the enroller over a connection of its own: connects, subscribes, asks, waits for
// the answer. Thread: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/wire/enrolment.hpp"

namespace cxedge::remote {

class EnrolExchange final : private uplink::BrokerListener {
public:
    enum class Outcome : std::uint8_t { idle, pending, answered, failed };
    // From CONNACK to the answer: the enroller may be a person's laptop, but not asleep.
    static constexpr std::chrono::seconds kPatience{30};
    // Nobody had subscribed: the enroller may just be starting.
    static constexpr std::chrono::seconds kAskAgain{2};

    // Both outlive the exchange.
    EnrolExchange(uplink::Broker& broker, const Clock& clock) : broker_(broker), clock_(clock) {}

    // `options` hold the credential that opens the door; client id and session are set here.
    void begin(
        uplink::BrokerOptions options,
        const wire::EnrolName& name,
        const wire::EnrolRequest& request
    );
    // Handles what came; `answered` and `failed` are told once.
    Outcome step();
    // After `answered`.
    [[nodiscard]] const wire::EnrolResponse& response() const { return response_; }
    // After `failed`.
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int mid, std::uint8_t reason) override;
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;
    void on_subscribed(const std::string& topic_filter, std::uint8_t reason) override;

    bool is_time_to_ask();
    void fail(std::string why);

    uplink::Broker& broker_;
    const Clock& clock_;
    Outcome outcome_ = Outcome::idle;
    std::string ask_topic_;
    std::string answer_topic_;
    std::string payload_;
    std::string nonce_;
    bool subscribe_due_ = false;
    std::optional<SteadyTime> ask_at_;  // none: it is asked, or not subscribed yet
    SteadyTime deadline_{};
    wire::EnrolResponse response_;
    std::string why_;
};

}  // namespace cxedge::remote
