// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/bridge_roster.hpp"

#include <algorithm>
#include <utility>

#include "plugins/_devices/formats/brokered.hpp"

namespace cxedge::plugins {

void BridgeRoster::note(std::string_view topic, devices::Report& report) {
    for (const devices::DeviceState& state : report.devices) {
        remember(topic, state.device);
    }
    for (const devices::Reading& reading : report.readings) {
        remember(topic, reading.device);
    }
    const auto said = std::find_if(
        report.events.begin(),
        report.events.end(),
        [](const devices::DeviceEvent& event) {
            return event.event.name == devices::kBridgeOffline;
        }
    );
    if (said != report.events.end()) {
        bridge_said(*said, report);
    }
}

bool BridgeRoster::is_away(std::string_view topic) const {
    return std::any_of(away_.begin(), away_.end(), [&](const std::string& base) {
        return topic.starts_with(base);
    });
}

void BridgeRoster::bridge_said(const devices::DeviceEvent& event, devices::Report& report) {
    const std::string base = event.event.subject + "/";
    if (event.event.state == EventState::clear) {
        away_.erase(base);
        return;
    }
    away_.insert(base);
    for (const auto& [device, topic] : topics_) {
        if (topic.starts_with(base)) {
            devices::DeviceState state;
            state.device = device;
            state.up = false;
            report.devices.push_back(std::move(state));
        }
    }
}

void BridgeRoster::remember(std::string_view topic, const std::string& device) {
    const auto known = topics_.find(device);
    if (known != topics_.end()) {
        known->second = topic;
    } else if (topics_.size() < max_devices_) {
        topics_.emplace(device, topic);
    }
}

}  // namespace cxedge::plugins
