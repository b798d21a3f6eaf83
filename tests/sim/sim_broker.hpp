// SPDX-License-Identifier: Apache-2.0
// The broker and the network before it, at once: the uplink's Broker on one side, a server with
// queues, retained messages and moods on the other. The platform subscribes there. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/uplink/broker.hpp"

#include "tests/sim/dice.hpp"
#include "tests/sim/sim_clock.hpp"

namespace cxedge::sim {

struct Message {
    std::string topic;
    std::string payload;
    bool retain = false;
};

class SimBroker final : public uplink::Broker {
public:
    // Both outlive it.
    SimBroker(const SimClock& clock, Dice& dice) : clock_(clock), dice_(dice) {}

    // ---- moods of the server ----
    bool stopped = false;       // SIGSTOP: takes what fits the socket, answers nothing
    bool silent = false;        // delivers, and never acknowledges
    milliseconds ack_delay{5};  // at most; at random
    uplink::BrokerLimits limits;
    // MQTT reason code for a packet; below 0x80: accepted.
    std::function<std::uint8_t(const std::string& topic, std::size_t bytes)> verdict;

    [[nodiscard]] bool is_up() const { return up_; }
    void go_down();  // a clean stop: what it acknowledged is kept
    void go_up() { up_ = true; }
    void crash();  // kill -9 without persistence: everything it knew is gone; up again at once
    void cut_connection();
    // The node's process is gone: nothing more comes from it, nobody hears the answers.
    void node_died();
    void node_lives() { node_dead_ = false; }

    // ---- the platform's side ----
    // What has come through by now.
    std::vector<Message> take();
    // False: not now.
    bool publish_from_platform(Message message);
    [[nodiscard]] bool is_idle() const { return to_platform_.empty() && unread_.empty(); }

    // What a real broker would have closed the connection for.
    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
    [[nodiscard]] std::uint64_t published() const { return published_; }

    Status connect(const uplink::BrokerOptions& options, uplink::BrokerListener& listener) override;
    void disconnect() override { close(); }
    void drop() override { close(); }
    Result<int> publish(const std::string& topic, std::string_view payload, bool retain) override;
    [[nodiscard]] bool fits(std::size_t topic_bytes, std::size_t payload_bytes) const override;
    Status subscribe(const std::string& topic_filter) override;
    void poll(milliseconds timeout) override;
    [[nodiscard]] uplink::Loss last_loss() const override { return loss_; }
    void wake() override {}

private:
    enum class Phase : std::uint8_t { idle, greeting, up, lost };
    struct Packet {
        int mid = 0;
        int connection = 0;
        Message message;
    };
    struct Due {
        milliseconds at{0};
        int mid = 0;
        std::uint8_t reason = 0;
    };
    void close();
    void lose(const std::string& why, uplink::Reached reached);
    void read(const Packet& packet);  // as the server
    void read_all();
    void send_pubacks();
    void send_inbox();

    const SimClock& clock_;
    Dice& dice_;
    bool up_ = true;
    bool node_dead_ = false;
    Phase phase_ = Phase::idle;
    std::string lost_why_;
    uplink::Loss loss_;
    uplink::BrokerListener* listener_ = nullptr;
    int connection_ = 0;
    int next_mid_ = 1;
    std::uint64_t published_ = 0;
    std::size_t outstanding_ = 0;
    std::deque<Packet> unread_;  // in the socket
    std::vector<Due> pubacks_;
    std::set<std::string> subscribed_;
    std::vector<std::string> subacks_;
    std::deque<Message> inbox_;  // to the node
    std::map<std::string, std::string> retained_;
    std::deque<std::pair<milliseconds, Message>> to_platform_;
    std::vector<std::string> violations_;
};

}  // namespace cxedge::sim
