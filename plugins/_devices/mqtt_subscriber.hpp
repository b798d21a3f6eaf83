// SPDX-License-Identifier: Apache-2.0
// A subscription at a broker in the store (MQTT 3.1.1, libmosquitto). Connects again by itself,
// 1 s doubling to 60 s. Runs on the source's loop; only the way to the broker (name, TCP) is found
// on a worker of the host. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin_api/source.hpp"

namespace cxedge::devices {

struct MqttSettings {
    std::string broker = "mqtt://127.0.0.1:1883";  // mqtts:// with ca_file
    std::string user;
    std::string password_file;
    std::string ca_file;
    std::string client_id;  // empty: "cxedge-" and the source's name
    std::int64_t max_message_kib = 64;
};

struct MqttMessage {
    std::string_view topic;
    std::string_view payload;
    bool retained = false;  // the broker kept it: its sender may be long dead
    bool too_long = false;  // more than max_message_kib; the payload is left out
};

class MqttSubscriber {
public:
    using OnMessage = std::function<void(const MqttMessage& message)>;
    // Empty: connected. Else what is wrong, as Host::set_problem() wants it.
    using OnState = std::function<void(std::string_view problem)>;

    // invalid_argument: a setting or file is wrong; a broker that is not there is not an error.
    // Messages are taken with QoS 1 in a clean session: none comes twice, and those that pass while
    // the connection is down are lost. `on_message` may destroy the subscriber.
    static Result<std::unique_ptr<MqttSubscriber>> open(
        const MqttSettings& settings,
        const std::vector<std::string>& topics,
        Host& host,
        OnMessage on_message,
        OnState on_state
    );
    virtual ~MqttSubscriber() = default;
};

// Empty, or what is wrong with a `broker`.
std::string check_broker(const std::string& url);
// Settings that do not fit each other.
void check_mqtt(const MqttSettings& settings, const SettingsNode& node, SettingsProblems& problems);

// T is MqttSettings or derives from it.
template <class T>
void add_mqtt_keys(Schema<T>& schema) {
    schema.text("broker", &T::broker, "mqtt://host:port or mqtts://host:port").check(check_broker);
    schema.text("user", &T::user, "User at the broker");
    schema.text("password_file", &T::password_file, "File with the user's password");
    schema.text("ca_file", &T::ca_file, "PEM certificates of who signs the broker's (mqtts)");
    schema.text("client_id", &T::client_id, "Client id; empty: from the source's name");
    schema.integer("max_message_kib", &T::max_message_kib, "Largest message").range(1, 16'384);
}

}  // namespace cxedge::devices
