// SPDX-License-Identifier: Apache-2.0
// A Broker on top of an MqttClient: finds a reachable address first, sets deadlines, waits for
// traffic or wake(), and calls the listener only when nothing of the library is on the stack. Each
// connection gets a new client, because limits of the broker before are sticky (delivery.md 5 #10).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>

#include "agent/base/clock.hpp"
#include "agent/base/unique_fd.hpp"
#include "agent/uplink/blocking_call.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/uplink/mqtt_client.hpp"
#include "agent/uplink/tcp_probe.hpp"

namespace cxedge::uplink {

class PolledBroker final : public Broker {
public:
    explicit PolledBroker(MqttClientFactory make_client);

    Status connect(const BrokerOptions& options, BrokerListener& listener) override;
    void disconnect() override;
    void drop() override;
    Result<int> publish(const std::string& topic, std::string_view payload, bool retain) override;
    Result<int> send(
        const std::string& topic, std::string_view payload, const MessageProperties& properties
    ) override;
    [[nodiscard]] MessageProperties properties() const override { return properties_; }
    [[nodiscard]] bool fits(std::size_t topic_bytes, std::size_t payload_bytes) const override;
    Status subscribe(const std::string& topic_filter) override;
    void poll(std::chrono::milliseconds timeout) override;
    [[nodiscard]] Loss last_loss() const override { return last_loss_; }
    void wake() override;

private:
    // looking: the name; probing: TCP; opening: the library connects; greeting: CONNACK.
    enum class Phase : std::uint8_t { idle, looking, probing, opening, greeting, up };
    // A client whose connect() may block, while it does.
    struct Opened {
        std::shared_ptr<MqttClient> client;
        Status status;
    };

    [[nodiscard]] std::chrono::milliseconds capped(std::chrono::milliseconds timeout) const;
    [[nodiscard]] short events_wanted() const;
    void wait(std::chrono::milliseconds timeout);
    void step();
    void step_lookup();
    void begin_probe(const Addresses& addresses);
    void step_probe();
    [[nodiscard]] std::chrono::milliseconds share_of(std::size_t addresses) const;
    void open(const TcpProbe& probe);
    void step_open();
    void opened(const Status& status);
    void serve();
    [[nodiscard]] bool waits_for_connack() const;
    void take_arrivals();
    void check_deadline();
    void lose(std::string why, const Loss& loss);
    void lose_client(const Error& error);
    void deliver();
    void deliver_one(const Arrival& arrival);
    Result<int> publish(const MqttClient::Outgoing& message);
    void await_close();

    MqttClientFactory make_client_;
    SystemClock clock_;
    UniqueFd wake_fd_;
    Phase phase_ = Phase::idle;
    BrokerOptions options_;
    BrokerListener* listener_ = nullptr;
    std::uint64_t generation_ = 0;  // of the connection; deliveries of an earlier one are void
    std::shared_ptr<MqttClient> client_;
    std::optional<BlockingCall<Addresses>> lookup_;
    std::optional<TcpProbe> probe_;
    std::optional<BlockingCall<Opened>> opening_;
    SteadyTime deadline_{};  // for CONNACK
    BrokerLimits limits_;
    MessageProperties properties_;     // of the message that the listener is told
    std::vector<Arrival> arrivals_;    // not yet told to the listener
    std::optional<std::string> loss_;  // likewise, after those
    Loss last_loss_;
    bool write_blocked_ = false;  // TLS waits for the peer before it can write
    std::vector<pollfd> fds_;
};

}  // namespace cxedge::uplink
