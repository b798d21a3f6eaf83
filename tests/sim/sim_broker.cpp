// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_broker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::sim {
namespace {

constexpr std::uint8_t kFirstRefusal = 0x80;
constexpr std::size_t kMaxViolations = 5;

}  // namespace

// ---- the server ----

void SimBroker::lose(const std::string& why, uplink::Reached reached) {
    close();
    phase_ = Phase::lost;
    lost_why_ = why;
    loss_ = {};
    loss_.reached = reached;
}

void SimBroker::cut_connection() {
    if (phase_ == Phase::up || phase_ == Phase::greeting) {
        lose("connection reset", uplink::Reached::session);
    }
}

void SimBroker::go_down() {
    up_ = false;
    unread_.clear();
    cut_connection();
}

void SimBroker::crash() {
    unread_.clear();
    retained_.clear();
    to_platform_.clear();
    cut_connection();
}

void SimBroker::node_died() {
    close();
    node_dead_ = true;
}

void SimBroker::read_all() {
    while (up_ && !stopped && !unread_.empty()) {
        const Packet packet = std::move(unread_.front());
        unread_.pop_front();
        read(packet);
    }
}

void SimBroker::read(const Packet& packet) {
    const Message& message = packet.message;
    const std::uint8_t reason = verdict ? verdict(message.topic, message.payload.size()) : 0;
    if (reason < kFirstRefusal) {
        if (message.retain) {
            retained_[message.topic] = message.payload;
        }
        to_platform_.emplace_back(clock_.elapsed() + milliseconds(dice_.between(1, 50)), message);
    }
    if (packet.connection == connection_ && phase_ == Phase::up && !silent) {
        const milliseconds delay(dice_.between(0, ack_delay.count()));
        pubacks_.push_back({clock_.elapsed() + delay, packet.mid, reason});
    }
}

std::vector<Message> SimBroker::take() {
    read_all();
    std::vector<Message> taken;
    while (up_ && !stopped && !to_platform_.empty() &&
           to_platform_.front().first <= clock_.elapsed()) {
        taken.push_back(std::move(to_platform_.front().second));
        to_platform_.pop_front();
    }
    return taken;
}

bool SimBroker::publish_from_platform(Message message) {
    if (!up_ || stopped) {
        return false;
    }
    if (message.retain) {
        retained_[message.topic] = message.payload;
    }
    if (phase_ == Phase::up && subscribed_.count(message.topic) != 0) {
        inbox_.push_back({message.topic, message.payload, false});
    }
    return true;
}

// ---- the connection ----

void SimBroker::close() {
    phase_ = Phase::idle;
    outstanding_ = 0;
    pubacks_.clear();
    subacks_.clear();
    subscribed_.clear();
    inbox_.clear();
}

Status SimBroker::connect(
    const uplink::BrokerOptions& /*options*/, uplink::BrokerListener& listener
) {
    close();
    if (node_dead_) {
        return unavailable("the process is gone");
    }
    listener_ = &listener;
    phase_ = Phase::greeting;
    ++connection_;
    return {};
}

Result<int> SimBroker::publish(const std::string& topic, std::string_view payload, bool retain) {
    if (phase_ == Phase::lost) {  // as on a network: nobody knows yet
        return next_mid_++;
    }
    if (phase_ != Phase::up) {
        return unavailable("not connected");
    }
    ++published_;
    if (++outstanding_ > limits.receive_maximum && violations_.size() < kMaxViolations) {
        violations_.push_back(fmt::format("{} packets outstanding", outstanding_));
    }
    if (!fits(topic.size(), payload.size()) && violations_.size() < kMaxViolations) {
        violations_.push_back(fmt::format("a packet of {} bytes", payload.size()));
    }
    const int mid = next_mid_++;
    unread_.push_back({mid, connection_, {topic, std::string(payload), retain}});
    return mid;
}

bool SimBroker::fits(std::size_t topic_bytes, std::size_t payload_bytes) const {
    return limits.maximum_packet_size == 0 ||
           topic_bytes + payload_bytes <= limits.maximum_packet_size;
}

Status SimBroker::subscribe(const std::string& topic_filter) {
    if (phase_ != Phase::up) {
        return phase_ == Phase::lost ? Status() : unavailable("not connected");
    }
    subscribed_.insert(topic_filter);
    subacks_.push_back(topic_filter);
    return {};
}

void SimBroker::poll(milliseconds /*timeout*/) {
    read_all();
    if (phase_ == Phase::lost) {
        close();
        listener_->on_disconnected(lost_why_);
    } else if (phase_ == Phase::greeting && !up_) {
        lose("connection refused", uplink::Reached::name);
    } else if (phase_ == Phase::greeting && !stopped) {
        phase_ = Phase::up;
        listener_->on_connected(limits);
    } else if (phase_ == Phase::up && !stopped) {
        send_pubacks();
        send_inbox();
    }
}

void SimBroker::send_pubacks() {
    const int connection = connection_;
    std::vector<Due> due;
    std::vector<Due> later;
    for (const Due& puback : std::exchange(pubacks_, {})) {
        (puback.at <= clock_.elapsed() ? due : later).push_back(puback);
    }
    pubacks_ = std::move(later);
    for (const Due& puback : due) {
        if (connection != connection_ || phase_ != Phase::up) {
            return;  // the uplink left on the way
        }
        outstanding_ -= outstanding_ > 0 ? 1 : 0;
        listener_->on_puback(puback.mid, puback.reason);
    }
}

void SimBroker::send_inbox() {
    for (const std::string& topic : std::exchange(subacks_, {})) {
        listener_->on_subscribed(topic, 0);
        if (const auto found = retained_.find(topic); found != retained_.end()) {
            inbox_.push_back({topic, found->second, true});
        }
    }
    while (!inbox_.empty() && phase_ == Phase::up) {
        const Message message = std::move(inbox_.front());
        inbox_.pop_front();
        listener_->on_message(message.topic, message.payload, message.retain);
    }
}

}  // namespace cxedge::sim
