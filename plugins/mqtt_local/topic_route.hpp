// SPDX-License-Identifier: Apache-2.0
// One `[[source.topic]]`: which topics, and what their messages mean.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "plugins/_devices/payload.hpp"
#include "plugins/mqtt_local/topic_filter.hpp"

namespace cxedge::plugins {

// Of the intake's settings only `device` counts here, for the messages of these topics.
struct TopicSettings : devices::PayloadSettings {
    std::string topic;
    std::string device_from_topic;
};

Schema<TopicSettings> topic_schema();

class TopicRoute {
public:
    // Null if `problems` were added.
    static std::unique_ptr<TopicRoute> make(
        const TopicSettings& settings, const SettingsNode& node, SettingsProblems& problems
    );

    [[nodiscard]] const std::string& filter() const { return settings_.topic; }
    // Messages of a bridge that speaks for the devices behind it.
    [[nodiscard]] bool has_bridge() const { return settings_.format == "zigbee2mqtt"; }
    Result<devices::Report> read(std::string_view topic, std::string_view payload);

private:
    TopicRoute(TopicSettings settings, std::unique_ptr<devices::PayloadReader> reader);

    TopicSettings settings_;
    std::unique_ptr<devices::PayloadReader> reader_;
};

}  // namespace cxedge::plugins
