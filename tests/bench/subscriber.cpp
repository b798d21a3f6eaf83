// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/subscriber.hpp"

#include <utility>

#include <poll.h>

#include "agent/wire/request.hpp"

#include "tests/bench/backlog.hpp"

namespace cxedge::bench {
namespace {

constexpr std::chrono::milliseconds kTurn{20};
constexpr int kPauseMs = 5;

}  // namespace

Subscriber::Subscriber(std::uint16_t port, Watched watched, Place in_its_network)
    : port_(port),
      watched_(std::move(watched)),
      receiver_({}, *this, clock_),
      broker_(uplink::make_mosquitto_broker()),
      arrivals_(watched_.samples),
      backlog_(watched_.backlog) {
    receiver_.on_ask([this](const std::string& topic) {
        // Without a connection it asks again in a while.
        (void)broker_->publish(topic, wire::encode_request(wire::NeedDictionary{}), false);
    });
    thread_ = std::thread([this, place = std::move(in_its_network)] { place([this] { run(); }); });
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

void Subscriber::run() {
    uplink::BrokerOptions options;
    options.host = "127.0.0.1";
    options.port = port_;
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
    // A connection lost meanwhile is made again.
    (void)broker_->subscribe(watched_.values ? "#" : "cx/1/#");
}

void Subscriber::on_disconnected(const std::string& /*why*/) {
    idle_ = true;
}

void Subscriber::on_message(
    const std::string& topic, std::string_view payload, bool /*retained*/
) {
    if (watched_.values) {
        watched_.values(payload, [this](double value) { arrivals_.take(value); });
    } else {
        receiver_.receive(topic, payload);
    }
}

void Subscriber::batch(const ctl::ShownBatch& batch) {
    for (const Sample& sample : batch.body.samples) {
        const SeriesInfo* const info = batch.dictionary.find(index_of(sample.series));
        const auto* const value = std::get_if<double>(&sample.value);
        if (value == nullptr || info == nullptr) {
            continue;
        }
        if (info->key.metric == watched_.metric) {
            arrivals_.take(*value);
        } else if (info->key.metric == kBacklogMetric) {
            backlog_.take(*value);
        }
    }
}

}  // namespace cxedge::bench
