// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/uplink/broker.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {

// A broker that the test plays: it is told what cxctl did and says what happens next.
class PlayedBroker : public uplink::Broker {
public:
    Status connect(const uplink::BrokerOptions& options, uplink::BrokerListener& heard) override {
        ++connects;
        client_id = options.client_id;
        protocol = options.protocol;
        session_expiry_s = options.session_expiry_s;
        will_topic = options.will_topic;
        listener = &heard;
        return refuse ? Status(unavailable("connection refused")) : Status();
    }
    void disconnect() override { disconnected = true; }
    void drop() override {}
    Result<int> publish(const std::string& topic, std::string_view payload, bool retain) override {
        REQUIRE_FALSE(in_poll);
        published.push_back({topic, std::string(payload), retain});
        return static_cast<int>(published.size());
    }
    [[nodiscard]] bool fits(std::size_t, std::size_t) const override { return true; }
    Status subscribe(const std::string& filter) override {
        REQUIRE_FALSE(in_poll);
        subscribed.push_back(filter);
        return {};
    }
    void poll(std::chrono::milliseconds timeout) override {
        CHECK(timeout <= std::chrono::milliseconds(1000));
        in_poll = true;
        for (const auto& happens : std::exchange(next, {})) {
            happens(*listener);
        }
        in_poll = false;
    }
    [[nodiscard]] uplink::Loss last_loss() const override { return loss; }
    void wake() override {}

    void arrives(const std::string& topic, const std::string& payload) {
        next.push_back([=](uplink::BrokerListener& heard) {
            heard.on_message(topic, payload, false);
        });
    }
    void accepts() {
        next.push_back([](uplink::BrokerListener& heard) { heard.on_connected({}); });
    }
    void drops() {
        next.push_back([](uplink::BrokerListener& heard) { heard.on_disconnected("gone"); });
    }

    int connects = 0;
    bool refuse = false;
    bool disconnected = false;
    bool in_poll = false;
    std::string client_id;
    uplink::Protocol protocol = uplink::Protocol::v5;
    uplink::Loss loss;
    std::uint32_t session_expiry_s = 1;
    std::string will_topic;
    struct Published {
        std::string topic;
        std::string payload;
        bool retain = false;
    };
    std::vector<Published> published;
    std::vector<std::string> subscribed;
    std::vector<std::function<void(uplink::BrokerListener&)>> next;
    uplink::BrokerListener* listener = nullptr;
};

}  // namespace cxedge::ctl
