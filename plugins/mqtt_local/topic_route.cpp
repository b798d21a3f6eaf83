// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/topic_route.hpp"

#include <algorithm>
#include <utility>

namespace cxedge::plugins {
namespace {

// Rooms and circuits that are named after the device, too: "fridge", "fridge/1".
void call_reading(devices::Reading& reading, const std::string& name) {
    const std::string before = std::exchange(reading.device, name);
    for (Dimension& dim : reading.info.key.dims) {
        const bool is_part = dim.value == before || dim.value.starts_with(before + "/");
        if (!before.empty() && is_part) {
            dim.value.replace(0, before.size(), name);
        }
    }
}

void call_device(devices::Report& report, const std::string& name) {
    for (devices::Reading& reading : report.readings) {
        call_reading(reading, name);
    }
    for (devices::DeviceState& state : report.devices) {
        state.device = name;
    }
    for (devices::DeviceEvent& event : report.events) {
        event.event.subject = name;
    }
}

void add_dim(devices::Report& report, const std::string& key, const std::string& value) {
    for (devices::Reading& reading : report.readings) {
        auto& dims = reading.info.key.dims;
        const bool has_it = std::any_of(dims.begin(), dims.end(), [&](const Dimension& dim) {
            return dim.key == key;
        });
        if (!has_it) {
            dims.push_back({key, value});
        }
    }
}

}  // namespace

Schema<TopicSettings> topic_schema() {
    Schema<TopicSettings> schema;
    schema.text("topic", &TopicSettings::topic, "Topic filter: +, # as usual")
        .required()
        .check(check_filter);
    schema.text("device", &TopicSettings::device, "Name of the only device of these topics");
    schema
        .text(
            "device_from_topic",
            &TopicSettings::device_from_topic,
            "Levels that name the device, such as sensors/+room/+device; others are dimensions"
        )
        .check(check_pattern);
    devices::add_message_keys(schema);
    return schema;
}

TopicRoute::TopicRoute(TopicSettings settings, std::unique_ptr<devices::PayloadReader> reader)
    : settings_(std::move(settings)), reader_(std::move(reader)) {}

std::unique_ptr<TopicRoute> TopicRoute::make(
    const TopicSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    const SettingsNode* const pattern = node.find("device_from_topic");
    if (pattern != nullptr && !settings.device.empty()) {
        problems.add(pattern->position, "device_from_topic", "has no effect beside `device`");
    }
    auto reader = devices::PayloadReader::make(settings, node, problems);
    if (!reader) {
        return nullptr;
    }
    return std::unique_ptr<TopicRoute>(new TopicRoute(settings, std::move(reader)));
}

Result<devices::Report> TopicRoute::read(std::string_view topic, std::string_view payload) {
    Result<devices::Report> report = reader_->read({payload, {}, topic});
    if (!report) {
        return report;
    }
    if (!settings_.device.empty()) {
        call_device(*report, settings_.device);
        return report;
    }
    if (settings_.device_from_topic.empty()) {
        return report;
    }
    const auto names = names_in(topic, settings_.device_from_topic);
    for (const auto& [key, value] : names.value_or(TopicNames{})) {
        if (key == "device") {
            call_device(*report, value);
        } else {
            add_dim(*report, key, value);
        }
    }
    return report;
}

}  // namespace cxedge::plugins
