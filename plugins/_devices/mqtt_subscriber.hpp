// SPDX-License-Identifier: Apache-2.0
// A subscription at a broker in the store (MQTT 3.1.1, libmosquitto). Connects again by itself,
// 1 s doubling to 60 s. Runs on the source's loop. Thread: the loop's.
#pragma once

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
};

struct MqttMessage {
    std::string_view topic;
    std::string_view payload;
    bool retained = false;  // the broker kept it: its sender may be long dead
};

class MqttSubscriber {
public:
    using OnMessage = std::function<void(const MqttMessage& message)>;
    // Empty: connected. Else what is wrong, as Host::set_problem() wants it.
    using OnState = std::function<void(std::string_view problem)>;

    // invalid_argument: a setting or file is wrong; a broker that is not there is not an error.
    // Messages are taken with QoS 1 and acknowledged to the broker when `on_message` returns.
    static Result<std::unique_ptr<MqttSubscriber>> open(
        const MqttSettings& settings,
        const std::vector<std::string>& topics,
        Host& host,
        OnMessage on_message,
        OnState on_state
    );
    virtual ~MqttSubscriber() = default;
};

// T is MqttSettings or derives from it.
template <class T>
void add_mqtt_keys(Schema<T>& schema) {
    schema.text("broker", &T::broker, "mqtt://host:port or mqtts://host:port");
    schema.text("user", &T::user, "User at the broker");
    schema.text("password_file", &T::password_file, "File with the user's password");
    schema.text("ca_file", &T::ca_file, "PEM certificates of who signs the broker's (mqtts)");
    schema.text("client_id", &T::client_id, "Client id; empty: from the source's name");
}

}  // namespace cxedge::devices
