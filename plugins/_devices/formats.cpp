// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats.hpp"

#include <algorithm>

#include "plugins/_devices/formats/axis.hpp"
#include "plugins/_devices/formats/brickstream.hpp"
#include "plugins/_devices/formats/brokered.hpp"
#include "plugins/_devices/formats/hikvision.hpp"
#include "plugins/_devices/formats/imbuildings.hpp"
#include "plugins/_devices/formats/milesight.hpp"
#include "plugins/_devices/formats/qminder.hpp"
#include "plugins/_devices/formats/vias.hpp"
#include "plugins/_devices/formats/xovis.hpp"

namespace cxedge::devices {

const std::vector<Format>& formats() {
    static const std::vector<Format> kTable{
        {"axis", "Axis people counters and Object Analytics", parse_axis},
        {"brickstream", "Brickstream and FLIR 3D people counters", parse_brickstream},
        {"esphome", "ESPHome nodes over MQTT: sensors, contacts, switches", parse_esphome},
        {"hikvision", "Hikvision cameras: people, queues, alarms (ISAPI)", parse_hikvision},
        {"imbuildings", "IMBuildings people counters (LoRaWAN, NB-IoT)", parse_imbuildings},
        {"milesight", "Milesight people counters (LoRaWAN)", parse_milesight},
        {"qminder", "Qminder ticket queues (webhooks)", parse_qminder},
        {"shelly", "Shelly devices of generation 2 and later, MQTT or RPC", parse_shelly},
        {"tasmota", "Tasmota devices over MQTT: sensors, power, switches", parse_tasmota},
        {"vias", "Huawei Cloud VIAS line counts (webhooks)", parse_vias},
        {"xovis", "Xovis people counters, firmware 3 to 5", parse_xovis},
        {"zigbee2mqtt", "Zigbee devices behind Zigbee2MQTT", parse_zigbee2mqtt},
    };
    return kTable;
}

const Format* find_format(std::string_view name) {
    const auto found = std::find_if(formats().begin(), formats().end(), [&](const Format& format) {
        return format.name == name;
    });
    return found == formats().end() ? nullptr : &*found;
}

}  // namespace cxedge::devices
