// SPDX-License-Identifier: Apache-2.0
// ESPHome: <node>/sensor/<object>/state with a number, <node>/binary_sensor/<object>/state and
// <node>/switch/<object>/state with ON or OFF, <node>/status with online or offline. What an object
// measures is in its name's last words: "kitchen_temperature".
#include <algorithm>
#include <array>
#include <utility>

#include "plugins/_devices/formats/brokered.hpp"
#include "plugins/_devices/formats/shop_sensors.hpp"
#include "plugins/_devices/json.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

struct EspTopic {
    std::string node;       // may hold slashes
    std::string_view kind;  // sensor, binary_sensor, ...
    std::string object;     // lower case
    std::string_view what;  // state, command, ...
};

EspTopic esp_topic(std::string_view topic) {
    const std::vector<std::string_view> levels = levels_of(topic);
    EspTopic out;
    out.what = levels.back();
    const std::size_t after_node = out.what == "state" ? 3U : 1U;
    for (std::size_t i = 0; i + after_node < levels.size(); ++i) {
        out.node += (i == 0 ? "" : "/") + std::string(levels[i]);
    }
    if (after_node == 3 && levels.size() > 3) {
        out.kind = levels[levels.size() - 3];
        out.object = lower(levels[levels.size() - 2]);
    }
    return out;
}

// "kitchen_temperature" ends with "temperature"; what is before it names the part.
std::optional<std::string> part_before(const std::string& object, std::string_view word) {
    if (object == word) {
        return std::string();
    }
    const bool ends = object.size() > word.size() && object.ends_with(word) &&
                      (object[object.size() - word.size() - 1] == '_' ||
                       object[object.size() - word.size() - 1] == '-');
    return ends ? std::optional(object.substr(0, object.size() - word.size() - 1)) : std::nullopt;
}

struct EspNumber {
    std::string_view word;
    Quantity quantity;
};

constexpr EspNumber kEspNumbers[] = {
    {"temperature", kTemperature},
    {"humidity", kHumidity},
    {"co2", kCo2},
    {"carbon_dioxide", kCo2},
    {"illuminance", kIlluminance},
    {"power", kPower},
};

// Of the chip, a set point, or of another kind of power.
bool is_something_else(std::string_view part) {
    constexpr std::array kOther{
        "cpu",
        "chip",
        "esp",
        "esp32",
        "internal",
        "device",
        "board",
        "target",
        "setpoint",
        "set",
        "apparent",
        "reactive",
        "absolute",
        "dew_point",
        "tx",
        "wifi",
        "max",
        "min",
    };
    const std::string_view last = part.substr(part.rfind('_') + 1);
    return std::find(kOther.begin(), kOther.end(), last) != kOther.end() || part == "dew_point";
}

enum class EspFlag : std::uint8_t { door, presence, leak, smoke, gas };

struct EspWord {
    std::string_view word;
    EspFlag flag;
};

constexpr EspWord kEspFlags[] = {
    {"door", EspFlag::door},
    {"contact", EspFlag::door},
    {"window", EspFlag::door},
    {"garage_door", EspFlag::door},
    {"motion", EspFlag::presence},
    {"presence", EspFlag::presence},
    {"occupancy", EspFlag::presence},
    {"pir", EspFlag::presence},
    {"leak", EspFlag::leak},
    {"water_leak", EspFlag::leak},
    {"moisture", EspFlag::leak},
    {"smoke", EspFlag::smoke},
    {"gas", EspFlag::gas},
};

void raise_flag(EspFlag flag, std::string_view part, bool on, ShopSensors& out) {
    switch (flag) {
        case EspFlag::door:  // by the device class of doors: on is open
            return out.door(part, on);
        case EspFlag::presence:
            return out.presence(part, on);
        case EspFlag::leak:
            return out.alarm(kWaterLeak, part, on);
        case EspFlag::smoke:
            return out.alarm(kSmoke, part, on);
        case EspFlag::gas:
            return out.alarm(kGas, part, on);
    }
}

Status take_esp_number(
    const EspTopic& topic, const std::string& value, ShopSensors& out, DeviceState& device
) {
    const bool is_battery =
        part_before(topic.object, "battery") || part_before(topic.object, "battery_level");
    const auto* const known =
        std::find_if(std::begin(kEspNumbers), std::end(kEspNumbers), [&](const EspNumber& each) {
            const auto part = part_before(topic.object, each.word);
            return part && !is_something_else(*part);
        });
    if (!is_battery && known == std::end(kEspNumbers)) {
        return {};  // it may be a text
    }
    const std::optional<double> number = parse_number(value);
    if (!number && lower(value) != "nan" && lower(value) != "unknown") {
        return invalid_argument("is not a number");
    }
    if (is_battery) {
        device.battery = number;
    } else if (number) {
        out.measured(known->quantity, *part_before(topic.object, known->word), *number);
    } else {
        out.lost(known->quantity, *part_before(topic.object, known->word));
    }
    return {};
}

Status take_esp_flag(const EspTopic& topic, const std::string& value, ShopSensors& out) {
    const std::optional<bool> on = parse_flag(value);
    if (!on) {
        return invalid_argument("is neither ON nor OFF");
    }
    if (topic.kind == "switch") {
        out.output(topic.object, *on);
        return {};
    }
    const auto* const known =
        std::find_if(std::begin(kEspFlags), std::end(kEspFlags), [&](const EspWord& each) {
            return part_before(topic.object, each.word).has_value();
        });
    if (known != std::end(kEspFlags)) {
        raise_flag(known->flag, *part_before(topic.object, known->word), *on, out);
    }
    return {};
}

// The value alone, or in a JSON object as `state` or `value`.
std::string esp_value(std::string_view body, Report& report) {
    std::string text(trimmed(body));
    if (!text.starts_with('{')) {
        return text;
    }
    const Result<Json> json = parse_json(text);
    if (!json) {
        return text;
    }
    note_private(*json, report);
    for (const char* const field : {"state", "value"}) {
        if (const Json* const value = member(*json, field)) {
            return value->is_string() ? value->get<std::string>() : value->dump();
        }
    }
    return text;
}

}  // namespace

Result<Report> parse_esphome(const Message& message) {
    const EspTopic topic = esp_topic(message.address);
    if (topic.what == "status") {
        return availability_of(topic.node, message.body);
    }
    const bool is_number = topic.kind == "sensor";
    const bool is_flag = topic.kind == "binary_sensor" || topic.kind == "switch";
    Report report;
    if ((!is_number && !is_flag) || trimmed(message.body).empty()) {
        return report;  // commands, logs, texts, discovery
    }
    DeviceState device;
    device.device = topic.node;
    ShopSensors out(report, topic.node);
    const std::string value = esp_value(message.body, report);
    const Status taken =
        is_number ? take_esp_number(topic, value, out, device) : take_esp_flag(topic, value, out);
    if (!taken) {
        return taken.error();
    }
    report.devices.push_back(std::move(device));
    return report;
}

}  // namespace cxedge::devices
