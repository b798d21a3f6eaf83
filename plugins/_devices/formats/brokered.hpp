// SPDX-License-Identifier: Apache-2.0
// Formats of devices behind an MQTT broker; entries of formats(). Message::address is the topic.
#pragma once

#include "plugins/_devices/formats.hpp"

namespace cxedge::devices {

Result<Report> parse_esphome(const Message& message);
Result<Report> parse_shelly(const Message& message);
Result<Report> parse_tasmota(const Message& message);
// Event `device.bridge_offline` (subject: the bridge's base topic) is the bridge's own last will:
// while it is raised nothing is known of the devices behind.
Result<Report> parse_zigbee2mqtt(const Message& message);

inline constexpr std::string_view kBridgeOffline = "device.bridge_offline";

}  // namespace cxedge::devices
