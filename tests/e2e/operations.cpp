// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/operations.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "agent/remote/envelope.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::test {
namespace {

constexpr const char* kAllReports = "cx/1/+/+/+/twin/reported";
constexpr std::chrono::seconds kBrokerPatience{20};
constexpr std::chrono::milliseconds kBrokerTurn{50};

remote::SigningKey new_key() {
    auto key = remote::SigningKey::generate();
    if (!key) {
        throw std::runtime_error("no key: " + key.error().message);
    }
    return std::move(*key);
}

std::string envelope_of(
    remote::Purpose purpose, std::string body, const std::vector<const remote::SigningKey*>& keys
) {
    auto envelope = remote::seal_envelope(purpose, std::move(body), keys);
    if (!envelope) {
        throw std::runtime_error("no envelope: " + envelope.error().message);
    }
    return std::move(*envelope);
}

}  // namespace

SigningPair::SigningPair() : key_(new_key()) {
    std::ofstream(file()) << key_.pem().value();
}

std::string sealed(const wire::Desired& desired, const std::vector<const SigningPair*>& signers) {
    std::vector<const remote::SigningKey*> keys;
    keys.reserve(signers.size());
    for (const SigningPair* pair : signers) {
        keys.push_back(&pair->key());
    }
    return envelope_of(remote::Purpose::desired, wire::encode_desired(desired), keys);
}

std::string sealed(const wire::Command& command, const SigningPair& signer) {
    return envelope_of(remote::Purpose::command, wire::encode_command(command), {&signer.key()});
}

Operations::Operations(const BrokerAddress& at) : broker_(uplink::make_mosquitto_broker()) {
    uplink::BrokerOptions options;
    options.host = "127.0.0.1";
    options.port = at.port;
    options.client_id = "e2e-operations";
    options.session_expiry_s = 0;
    options.tls = !at.ca_file.empty();
    options.ca_file = at.ca_file;
    if (const Status begun = broker_->connect(options, *this); !begun) {
        throw std::runtime_error("operations: " + begun.error().message);
    }
    if (!poll_until([this] { return connected_; }, kBrokerPatience) ||
        !broker_->subscribe(kAllReports) ||
        !poll_until([this] { return subscribed_; }, kBrokerPatience)) {
        throw std::runtime_error("operations cannot connect to the broker");
    }
}

Operations::~Operations() {
    broker_->disconnect();
}

void Operations::publish(const std::string& topic, const std::string& payload, bool retain) {
    const auto mid = broker_->publish(topic, payload, retain);
    if (!mid || !poll_until([&] { return acknowledged_ == *mid; }, kBrokerPatience)) {
        throw std::runtime_error("the broker does not take what is published on " + topic);
    }
}

std::optional<wire::Reported> Operations::report_where(
    const std::string& node,
    const std::function<bool(const wire::Reported&)>& wanted,
    std::chrono::milliseconds patience
) {
    const auto satisfied = [&] {
        const auto report = reports_.find(node);
        return report != reports_.end() && wanted(report->second);
    };
    return poll_until(satisfied, patience) ? std::optional(reports_.at(node)) : std::nullopt;
}

std::optional<wire::Reported> Operations::landed(
    const std::string& node, std::uint64_t generation, std::chrono::milliseconds patience
) {
    const auto over = [generation](const wire::Reported& now) {
        return now.phase == wire::TwinPhase::idle &&
               now.last_attempt.version.generation == generation;
    };
    return report_where(node, over, patience);
}

bool Operations::poll_until(const std::function<bool()>& done, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
        broker_->poll(kBrokerTurn);
    }
    return done();
}

void Operations::on_connected(const uplink::BrokerLimits& /*limits*/) {
    connected_ = true;
}

void Operations::on_disconnected(const std::string& why) {
    throw std::runtime_error("operations lost the broker: " + why);
}

void Operations::on_puback(int mid, std::uint8_t /*reason*/) {
    acknowledged_ = mid;
}

void Operations::on_message(
    const std::string& topic, std::string_view payload, bool /*retained*/
) {
    const auto parts = wire::parse_topic(topic);
    auto report = wire::decode_reported(payload);
    if (parts && report) {
        reports_[parts->node] = std::move(*report);
    }
}

void Operations::on_subscribed(const std::string& /*topic_filter*/, std::uint8_t /*reason*/) {
    subscribed_ = true;
}

}  // namespace cxedge::test
