// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/settings.hpp"

#include "plugins/_devices/http_listener.hpp"
#include "plugins/_devices/mqtt_subscriber.hpp"
#include "plugins/feedback/gpio_buttons.hpp"

namespace cxedge::plugins {

struct TouchpointMqtt {
    std::string topic;  // empty: no button by MQTT
    std::string at = "/action";
    std::string time;
    std::vector<std::pair<std::string, std::string>> values;
};

struct TouchpointHttp {
    std::string path;  // empty: nobody pushes
};

struct TouchpointSettings {
    std::string name;
    std::string scale;
    std::vector<std::pair<std::string, std::string>> dims;
    GpioButtonSettings gpio;
    TouchpointMqtt mqtt;
    TouchpointHttp http;
};

struct FeedbackSettings {
    devices::HttpListenerSettings http;
    devices::MqttSettings mqtt;
    std::chrono::milliseconds window{86'400'000};
    std::chrono::milliseconds debounce{300};
    std::int64_t abuse_presses = 5;
    std::chrono::milliseconds abuse_window{10'000};
    std::chrono::milliseconds pair{2'000};
    std::chrono::milliseconds silent{90'000'000};
    std::string clock = "auto";
    std::chrono::milliseconds clock_ahead{120'000};
    std::chrono::milliseconds clock_behind{7 * 86'400'000};
    std::vector<TouchpointSettings> touchpoints;
};

const Schema<FeedbackSettings>& feedback_schema();
FeedbackSettings read_feedback_settings(const SettingsNode& node, SettingsProblems& problems);

}  // namespace cxedge::plugins
