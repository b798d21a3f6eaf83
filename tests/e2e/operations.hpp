// SPDX-License-Identifier: Apache-2.0
// Operations with their own hands: keys, and a connection that publishes any bytes and hears what
// boxes report. What cxctl would not do, a test can.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/remote/signing.hpp"
#include "agent/uplink/broker.hpp"
#include "agent/wire/command.hpp"
#include "agent/wire/desired.hpp"
#include "agent/wire/reported.hpp"

#include "tests/e2e/broker_address.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

// A key, as `cxctl keygen` makes it.
class SigningPair {
public:
    SigningPair();
    [[nodiscard]] const remote::SigningKey& key() const { return key_; }
    [[nodiscard]] std::string file() const { return dir_.file("key.pem"); }
    // As in [remote] keys.
    [[nodiscard]] std::string pinned() const { return key_.public_key().text(); }

private:
    TempDir dir_;
    remote::SigningKey key_;
};

// Envelopes; they throw std::runtime_error where none can be made.
std::string sealed(const wire::Desired& desired, const std::vector<const SigningPair*>& signers);
std::string sealed(const wire::Command& command, const SigningPair& signer);

class Operations final : private uplink::BrokerListener {
public:
    // Throws std::runtime_error when it cannot connect.
    explicit Operations(const BrokerAddress& at);
    Operations(const Operations&) = delete;
    Operations& operator=(const Operations&) = delete;
    ~Operations() override;

    // Returns once the broker has it.
    void publish(const std::string& topic, const std::string& payload, bool retain = false);
    // Reads on until the node's newest report satisfies `wanted`; nothing within `patience`.
    std::optional<wire::Reported> report_where(
        const std::string& node,
        const std::function<bool(const wire::Reported&)>& wanted,
        std::chrono::milliseconds patience
    );
    // Waits for the end of the node's attempt with this generation.
    std::optional<wire::Reported> landed(
        const std::string& node, std::uint64_t generation, std::chrono::milliseconds patience
    );

private:
    void on_connected(const uplink::BrokerLimits& limits) override;
    void on_disconnected(const std::string& why) override;
    void on_puback(int mid, std::uint8_t reason) override;
    void on_message(const std::string& topic, std::string_view payload, bool retained) override;
    void on_subscribed(const std::string& topic_filter, std::uint8_t reason) override;
    bool poll_until(const std::function<bool()>& done, std::chrono::milliseconds patience);

    std::unique_ptr<uplink::Broker> broker_;
    bool connected_ = false;
    bool subscribed_ = false;
    int acknowledged_ = 0;                           // mid of the newest PUBACK
    std::map<std::string, wire::Reported> reports_;  // by node
};

}  // namespace cxedge::test
