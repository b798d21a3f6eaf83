// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/subscriber.hpp"

#include <utility>

#include <poll.h>

#include "agent/wire/request.hpp"

namespace cxedge::bench {
namespace {

constexpr std::chrono::milliseconds kTurn{20};
constexpr int kPauseMs = 5;

std::int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Subscriber::Subscriber(
    std::uint16_t port, std::string metric, std::size_t samples, Place in_its_network
)
    : metric_(std::move(metric)),
      receiver_({}, *this, clock_),
      broker_(uplink::make_mosquitto_broker()),
      arrived_(samples) {
    receiver_.on_ask([this](const std::string& topic) {
        // Without a connection it asks again in a while.
        (void)broker_->publish(topic, wire::encode_request(wire::NeedDictionary{}), false);
    });
    thread_ = std::thread([this, port, place = std::move(in_its_network)] {
        place([this, port] { run(port); });
    });
}

Subscriber::~Subscriber() {
    stop();
}

void Subscriber::stop() {
    stopping_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Subscriber::run(std::uint16_t port) {
    uplink::BrokerOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    options.client_id = "bench-subscriber";
    while (!stopping_) {
        idle_ = idle_ && !broker_->connect(options, *this);
        broker_->poll(kTurn);
        receiver_.tick();
        if (idle_) {
            ::poll(nullptr, 0, kPauseMs);  // refused: again, but not without end
        }
    }
    broker_->disconnect();
}

void Subscriber::on_connected(const uplink::BrokerLimits& /*limits*/) {
    (void)broker_->subscribe("cx/1/#");  // a connection lost meanwhile is made again
    connected_ = true;
}

void Subscriber::on_disconnected(const std::string& /*why*/) {
    connected_ = false;
    idle_ = true;
}

void Subscriber::on_message(
    const std::string& topic, std::string_view payload, bool /*retained*/
) {
    receiver_.receive(topic, payload);
}

void Subscriber::batch(const ctl::ShownBatch& batch) {
    const std::int64_t now = now_ns();
    for (const Sample& sample : batch.body.samples) {
        const SeriesInfo* const info = batch.dictionary.find(index_of(sample.series));
        const auto* const value = std::get_if<double>(&sample.value);
        const bool ours = value != nullptr && info != nullptr && info->key.metric == metric_;
        const auto number = static_cast<std::size_t>(ours && *value >= 0 ? *value : 0);
        if (!ours || number >= arrived_.size()) {
            continue;
        }
        Arrived& arrived = arrived_[number];
        if (arrived.times++ == 0) {
            arrived.first_ns = now;
            ++received_;
        }
    }
}

}  // namespace cxedge::bench
