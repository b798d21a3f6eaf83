// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/intake.hpp"
#include "plugins/_devices/mqtt_subscriber.hpp"
#include "plugins/mqtt_local/bridge_roster.hpp"
#include "plugins/mqtt_local/topic_route.hpp"

namespace cxedge::plugins {

struct MqttLocalSettings : devices::IntakeSettings, devices::MqttSettings {
    std::string retained = "auto";  // take, ignore
    std::vector<TopicSettings> topics;
};

// Takes what devices tell an MQTT broker in the store.
class MqttLocal final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    void make_routes(const SettingsNode& settings, SettingsProblems& problems);
    void take(const devices::MqttMessage& message);
    void settle(const devices::MqttMessage& message, devices::Report& report) const;
    [[nodiscard]] TopicRoute* route_of(std::string_view topic) const;
    [[nodiscard]] bool is_doubtful(std::string_view topic) const;
    [[nodiscard]] std::vector<std::string> subscriptions() const;

    MqttLocalSettings settings_;
    std::vector<std::unique_ptr<TopicRoute>> routes_;
    Host* host_ = nullptr;
    std::optional<devices::Intake> intake_;
    std::optional<BridgeRoster> roster_;
    std::vector<std::string> subscriptions_;
    std::unique_ptr<devices::MqttSubscriber> subscriber_;
};

}  // namespace cxedge::plugins
