// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include <fmt/core.h>

#include "tests/bench/far_end.hpp"
#include "tests/bench/subscriber.hpp"
#include "tests/support/mosquitto_server.hpp"

namespace cxedge::bench {
namespace {

constexpr std::uint16_t kFarPort = 1883;  // nobody else is there

test::MosquittoOptions broker_options(const std::string& address) {
    test::MosquittoOptions options;
    // The subscriber's session outlives the broker, which saves it when it is stopped, and queues
    // what comes meanwhile.
    options.persistence = true;
    options.extra = "max_queued_messages 0\n";
    options.extra += address.empty() ? "" : fmt::format("listener {} {}\n", kFarPort, address);
    return options;
}

class MosquittoFarEnd final : public MqttFarEnd {
public:
    MosquittoFarEnd(FarPlace where, Watched watched) : where_(std::move(where)) {
        where_.place([this] {
            broker_ = std::make_unique<test::MosquittoServer>(broker_options(where_.address));
        });
        subscriber_ =
            std::make_unique<Subscriber>(broker_->port(), std::move(watched), where_.place);
    }

    [[nodiscard]] std::string host() const override {
        return where_.address.empty() ? "127.0.0.1" : where_.address;
    }
    [[nodiscard]] std::uint16_t port() const override {
        return where_.address.empty() ? broker_->port() : kFarPort;
    }
    void stop() override { broker_->stop(); }
    void start() override {
        where_.place([this] { broker_->start(); });
    }
    void pause() override { broker_->pause(); }
    void resume() override { broker_->resume(); }
    [[nodiscard]] std::size_t received() const override {
        return subscriber_->arrivals().received();
    }
    void finish() override { subscriber_->stop(); }
    [[nodiscard]] const std::vector<Arrived>& arrived() const override {
        return subscriber_->arrivals().all();
    }
    [[nodiscard]] BatchTotals totals() const override {
        return {
            subscriber_->batches(), subscriber_->repeated_batches(), subscriber_->payload_bytes()};
    }
    [[nodiscard]] const Arrivals& backlog() const override { return subscriber_->backlog(); }

private:
    FarPlace where_;
    std::unique_ptr<test::MosquittoServer> broker_;
    std::unique_ptr<Subscriber> subscriber_;
};

}  // namespace

std::unique_ptr<MqttFarEnd> make_mqtt_far_end(FarPlace where, Watched watched) {
    return std::make_unique<MosquittoFarEnd>(std::move(where), std::move(watched));
}

}  // namespace cxedge::bench
