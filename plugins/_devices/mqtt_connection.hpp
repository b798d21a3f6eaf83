// SPDX-License-Identifier: Apache-2.0
// One connection to a broker in the store, as the session that keeps one up sees it: the library
// behind it is the matter of mqtt_subscriber.cpp.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_devices/mqtt_address.hpp"
#include "plugins/_devices/mqtt_subscriber.hpp"

namespace cxedge::devices {

struct SubscriberOptions {
    BrokerAddress broker;
    MqttSettings settings;
    std::vector<std::string> topics;
};

struct ArrivedMessage {
    std::string topic;
    std::string payload;
    bool retained = false;
    bool too_long = false;
};

// What the library's callbacks leave behind; nothing of ours is called from inside them.
struct MqttInbox {
    std::size_t longest = 0;
    std::vector<ArrivedMessage> messages;
    std::optional<int> greeting;       // return code of the CONNACK
    std::map<int, std::string> asked;  // filters whose SUBACK is due, by mid
    std::string refused;               // a filter that the broker refused
    std::vector<std::string> errors;   // the library's own error lines
};

class MqttConnection {
public:
    virtual ~MqttConnection() = default;

    // Blocks, so on a worker; until it returns nothing else of this is called.
    virtual Status connect() = 0;
    [[nodiscard]] virtual int socket() const = 0;
    [[nodiscard]] virtual bool wants_write() const = 0;
    // More may be there than exchange() took.
    [[nodiscard]] virtual bool unread() const = 0;
    [[nodiscard]] virtual bool tls() const = 0;
    [[nodiscard]] virtual MqttInbox& inbox() = 0;
    // Reads, writes, keeps alive. unavailable: the connection is over.
    virtual Status exchange() = 0;
    virtual Status subscribe() = 0;
    virtual void say_goodbye() = 0;
};

// invalid_argument: a setting or file is wrong.
using MakeMqttConnection =
    std::function<Result<std::shared_ptr<MqttConnection>>(const SubscriberOptions& options)>;

// Keeps one connection after the other up, beginning now.
std::unique_ptr<MqttSubscriber> keep_connected(
    SubscriberOptions options,
    MakeMqttConnection make,
    Host& host,
    MqttSubscriber::OnMessage on_message,
    MqttSubscriber::OnState on_state
);

}  // namespace cxedge::devices
