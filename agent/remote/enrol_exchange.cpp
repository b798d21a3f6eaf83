// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/enrol_exchange.hpp"

#include <utility>

#include "agent/uplink/reason_code.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::remote {

void EnrolExchange::begin(
    uplink::BrokerOptions options, const wire::EnrolName& name, const wire::EnrolRequest& request
) {
    const wire::Topics topics(name.tenant, name.site, name.node);
    ask_topic_ = topics.enrol_request();
    answer_topic_ = topics.enrol_response();
    payload_ = wire::encode_enrol_request(request);
    nonce_ = request.nonce;
    subscribe_due_ = false;
    ask_at_.reset();
    options.client_id = "cxedge-enrol-" + name.tenant + "." + name.site + "." + name.node;
    options.will_topic.clear();
    options.will_payload.clear();
    options.session_expiry_s = 0;
    outcome_ = Outcome::pending;
    deadline_ = clock_.steady_now() + options.connect_timeout + kPatience;
    if (const Status begun = broker_.connect(options, *this); !begun) {
        fail(begun.error().message);
    }
}

// What the callbacks ask for is done after poll(): the broker is then in no call of its own.
EnrolExchange::Outcome EnrolExchange::step() {
    if (outcome_ == Outcome::pending) {
        broker_.poll(std::chrono::milliseconds(0));
    }
    if (outcome_ == Outcome::pending && std::exchange(subscribe_due_, false)) {
        if (const Status sent = broker_.subscribe(answer_topic_); !sent) {
            fail("subscribing: " + sent.error().message);
        }
    }
    if (outcome_ == Outcome::pending && is_time_to_ask()) {
        if (const auto sent = broker_.publish(ask_topic_, payload_, false); !sent) {
            fail("asking: " + sent.error().message);
        }
    }
    if (outcome_ == Outcome::pending && clock_.steady_now() >= deadline_) {
        fail("no enroller answers; start cxctl enrol-server, or wait");
    }
    if (outcome_ == Outcome::pending || outcome_ == Outcome::idle) {
        return outcome_;
    }
    broker_.disconnect();
    return std::exchange(outcome_, Outcome::idle);
}

bool EnrolExchange::is_time_to_ask() {
    const bool due = ask_at_ && clock_.steady_now() >= *ask_at_;
    if (due) {
        ask_at_.reset();
    }
    return due;
}

void EnrolExchange::fail(std::string why) {
    outcome_ = Outcome::failed;
    why_ = std::move(why);
}

void EnrolExchange::on_connected(const uplink::BrokerLimits& /*limits*/) {
    subscribe_due_ = true;
}

void EnrolExchange::on_disconnected(const std::string& why) {
    if (outcome_ == Outcome::pending) {
        fail(why);
    }
}

void EnrolExchange::on_puback(int /*mid*/, std::uint8_t reason) {
    if (reason == uplink::kNoMatchingSubscribers) {
        ask_at_ = clock_.steady_now() + kAskAgain;
    }
    if (reason >= uplink::kFirstRefusal && outcome_ == Outcome::pending) {
        fail("the broker refused the request: " + uplink::describe_reason(reason));
    }
}

void EnrolExchange::on_subscribed(const std::string& /*topic_filter*/, std::uint8_t reason) {
    if (reason >= uplink::kFirstRefusal) {
        fail("the broker refused the subscription: " + uplink::describe_reason(reason));
        return;
    }
    ask_at_ = clock_.steady_now();
}

void EnrolExchange::on_message(const std::string& topic, std::string_view payload, bool retained) {
    if (topic != answer_topic_ || retained || outcome_ != Outcome::pending) {
        return;
    }
    auto response = wire::decode_enrol_response(payload);
    // Another's answer, or an old one: ours may still come.
    if (response && response->nonce == nonce_) {
        response_ = std::move(*response);
        outcome_ = Outcome::answered;
    }
}

}  // namespace cxedge::remote
