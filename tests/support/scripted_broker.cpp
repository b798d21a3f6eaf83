// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_broker.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cxedge::test {

std::vector<ScriptedBroker::Published> ScriptedBroker::to(const std::string& part) const {
    std::vector<Published> found;
    std::copy_if(
        published.begin(),
        published.end(),
        std::back_inserter(found),
        [&](const Published& packet) { return packet.topic.find(part) != std::string::npos; }
    );
    return found;
}

void ScriptedBroker::lose_connection(const std::string& why, uplink::Loss loss) {
    due_.clear();
    loss_ = why;
    last_loss_ = loss;
}

void ScriptedBroker::receive(const std::string& topic, const std::string& payload) {
    inbox_.emplace_back(topic, payload);
}

Status ScriptedBroker::connect(
    const uplink::BrokerOptions& broker_options, uplink::BrokerListener& listener
) {
    ++connects;
    options = broker_options;
    listener_ = &listener;
    close();
    if (unreachable_connects > 0) {
        --unreachable_connects;
        return unavailable("unreachable");
    }
    phase_ = Phase::greeting;
    return {};
}

void ScriptedBroker::close() {
    phase_ = Phase::idle;
    due_.clear();
    unanswered_.clear();
    loss_.reset();
    outstanding_ = 0;
}

void ScriptedBroker::disconnect() {
    ++disconnects;
    close();
}

void ScriptedBroker::drop() {
    ++drops;
    close();
}

Result<int> ScriptedBroker::publish(
    const std::string& topic, std::string_view payload, bool retain
) {
    if (phase_ != Phase::up) {
        ++published_offline;
        return unavailable("not connected");
    }
    published.push_back({topic, std::string(payload), retain, next_mid_++, connections});
    max_outstanding = std::max(max_outstanding, ++outstanding_);
    const int mid = published.back().mid;
    const Answer fate = answer(published.back());
    if (loss_) {
        return mid;
    }
    if (fate.disconnect) {
        lose_connection("connection lost");
        return mid;
    }
    for (int i = 0; i < fate.pubacks; ++i) {
        due_.push_back({mid, fate.reason, fate.delay_polls});
    }
    return mid;
}

bool ScriptedBroker::fits(std::size_t topic_bytes, std::size_t payload_bytes) const {
    return limits.maximum_packet_size == 0 ||
           topic_bytes + payload_bytes <= limits.maximum_packet_size;
}

Status ScriptedBroker::subscribe(const std::string& topic_filter) {
    subscribed.push_back(topic_filter);
    unanswered_.push_back(topic_filter);
    return {};
}

void ScriptedBroker::poll(std::chrono::milliseconds timeout) {
    last_timeout = timeout;
    if (loss_) {
        const std::string why = *loss_;
        close();
        listener_->on_disconnected(why);
    } else if (phase_ == Phase::greeting) {
        greet();
    } else if (phase_ == Phase::up) {
        send_subacks();
        send_pubacks();
        send_messages();
    }
}

void ScriptedBroker::refuse(const std::string& why, uplink::Loss loss) {
    close();
    last_loss_ = loss;
    listener_->on_disconnected(why);
}

void ScriptedBroker::greet() {
    if (tcp_refused || (dead && dead(options))) {
        refuse("connection refused", {uplink::Reached::name, 0, false});
        return;
    }
    if (!speaks_v5 && options.protocol == uplink::Protocol::v5) {
        refuse("refused: unsupported protocol version", {uplink::Reached::server, 0x84, false});
        return;
    }
    if (refused_connects > 0 || (refuses && refuses(options))) {
        refused_connects -= refused_connects > 0 ? 1 : 0;
        refuse("refused: not authorised (0x87)", {uplink::Reached::server, 0x87, false});
        return;
    }
    phase_ = Phase::up;
    ++connections;
    listener_->on_connected(limits);
}

void ScriptedBroker::send_subacks() {
    if (!answers_subscriptions) {
        return;
    }
    for (const std::string& filter : std::exchange(unanswered_, {})) {
        listener_->on_subscribed(filter, subscription_reason);
        const auto found = retained.find(filter);
        if (found != retained.end()) {
            listener_->on_message(filter, found->second, true);
        }
    }
}

void ScriptedBroker::send_pubacks() {
    std::vector<Due> later;
    std::vector<Due> now;
    for (Due due : std::exchange(due_, {})) {
        (due.polls_left-- > 0 ? later : now).push_back(due);
    }
    due_ = std::move(later);
    for (const Due& due : now) {
        outstanding_ -= outstanding_ > 0 ? 1 : 0;
        listener_->on_puback(due.mid, due.reason);
    }
}

void ScriptedBroker::send_messages() {
    for (const auto& [topic, payload] : std::exchange(inbox_, {})) {
        listener_->on_message(topic, payload, false);
    }
}

}  // namespace cxedge::test
