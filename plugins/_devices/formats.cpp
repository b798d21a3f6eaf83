// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats.hpp"

#include <algorithm>

#include "plugins/_devices/formats/brokered.hpp"

namespace cxedge::devices {

const std::vector<Format>& formats() {
    static const std::vector<Format> table{
        {"esphome", "ESPHome nodes over MQTT: sensors, contacts, switches", parse_esphome},
        {"shelly", "Shelly devices of generation 2 and later, MQTT or RPC", parse_shelly},
        {"tasmota", "Tasmota devices over MQTT: sensors, power, switches", parse_tasmota},
        {"zigbee2mqtt", "Zigbee devices behind Zigbee2MQTT", parse_zigbee2mqtt},
    };
    return table;
}

const Format* find_format(std::string_view name) {
    const auto found = std::find_if(formats().begin(), formats().end(), [&](const Format& format) {
        return format.name == name;
    });
    return found == formats().end() ? nullptr : &*found;
}

}  // namespace cxedge::devices
