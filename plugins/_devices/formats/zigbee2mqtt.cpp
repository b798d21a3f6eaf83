// SPDX-License-Identifier: Apache-2.0
// Zigbee2MQTT 1.x and 2.x: <base>/<friendly name> with the merged state of a device, the same with
// /availability, and <base>/bridge/... about the bridge itself.
#include <utility>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/brokered.hpp"
#include "plugins/_devices/formats/shop_sensors.hpp"
#include "plugins/_devices/json.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::string_view kBridge = "bridge/";

struct ZigbeeTopic {
    std::string_view base;
    std::string_view name;  // friendly name and what follows it; may hold slashes
};

// The base topic is what stands before /bridge/; else the first level, or it ends with the level
// that is named after the program.
ZigbeeTopic zigbee_topic(std::string_view topic) {
    constexpr auto kNone = std::string_view::npos;
    std::size_t end = topic.find("/bridge/");
    if (const std::size_t named = topic.find("zigbee2mqtt"); end == kNone && named != kNone) {
        end = topic.find('/', named);
    }
    if (end == kNone) {
        end = topic.find('/');
    }
    return end == kNone ? ZigbeeTopic{topic, {}}
                        : ZigbeeTopic{topic.substr(0, end), topic.substr(end + 1)};
}

bool is_command(std::string_view name) {
    return name.ends_with("/set") || name.ends_with("/get") ||
           name.find("/set/") != std::string_view::npos ||
           name.find("/get/") != std::string_view::npos;
}

struct ZigbeeNumber {
    const char* field;
    const char* instead;  // another name of it, when that is not there
    Quantity quantity;
};

// Before 2.0 `illuminance` was a raw number beside illuminance_lux.
constexpr ZigbeeNumber kZigbeeNumbers[] = {
    {"temperature", "local_temperature", kTemperature},
    {"humidity", nullptr, kHumidity},
    {"co2", nullptr, kCo2},
    {"illuminance_lux", "illuminance", kIlluminance},
    {"power", nullptr, kPower},
};

struct ZigbeeAlarm {
    const char* field;
    AlarmKind kind;
};

constexpr ZigbeeAlarm kZigbeeAlarms[] = {
    {"water_leak", kWaterLeak},
    {"smoke", kSmoke},
    {"gas", kGas},
    {"carbon_monoxide", kCarbonMonoxide},
    {"tamper", kTamper},
};

const Json* told(const Json& message, const char* field) {
    const Json* const value = member(message, field);
    return value == nullptr || value->is_null() ? nullptr : value;
}

// Empty: not told. What is told and is no flag is a bad element.
std::optional<bool> flag_told(const Json& message, const char* field, ShopSensors& out) {
    const Json* const value = told(message, field);
    const std::optional<bool> flag = flag_in(value);
    if (value != nullptr && !flag) {
        out.bad(std::string("/") + field, "is not true or false");
    }
    return flag;
}

void take_numbers(const Json& message, ShopSensors& out) {
    for (const ZigbeeNumber& number : kZigbeeNumbers) {
        const char* field = number.field;
        if (number.instead != nullptr && told(message, field) == nullptr) {
            field = number.instead;
        }
        out.measured(number.quantity, {}, told(message, field), std::string("/") + field);
    }
}

void take_flags(const Json& message, ShopSensors& out) {
    if (const auto closed = flag_told(message, "contact", out)) {
        out.door({}, !*closed);
    }
    const char* const presence = told(message, "presence") != nullptr ? "presence" : "occupancy";
    if (const auto present = flag_told(message, presence, out)) {
        out.presence({}, *present);
    }
    for (const ZigbeeAlarm& alarm : kZigbeeAlarms) {
        if (const auto raised = flag_told(message, alarm.field, out)) {
            out.alarm(alarm.kind, {}, *raised);
        }
    }
}

std::optional<DeviceTime> last_seen(const Json& message, ShopSensors& out) {
    const Json* const value = told(message, "last_seen");
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto time = value->is_string() ? parse_time(value->get_ref<const std::string&>())
                                         : epoch_time(number_of(value).value_or(-1));
    if (!time) {
        out.bad("/last_seen", "is not a time");
    }
    return time;
}

DeviceState zigbee_state(const Json& message, ShopSensors& out) {
    DeviceState state;
    state.device = out.device();
    state.last_seen = last_seen(message, out);
    if (const Json* const battery = told(message, "battery")) {
        state.battery = number_of(battery);
        if (!state.battery) {
            out.bad("/battery", "is not a number");
        }
    }
    // With include_device_information.
    const Json* const about = told(message, "device");
    state.model = text_of(member(about, "model"));
    state.firmware = text_of(member(about, "softwareBuildID"));
    return state;
}

// Groups have a state, too, but nothing that only a radio can say.
bool is_of_a_device(const Json& message, const Report& report) {
    for (const char* const mark : {"linkquality", "last_seen", "battery", "device", "update"}) {
        if (member(message, mark) != nullptr) {
            return true;
        }
    }
    return !report.readings.empty() || !report.events.empty();
}

Report device_message(const Json& message, std::string_view name) {
    Report report;
    ShopSensors out(report, std::string(name));
    take_numbers(message, out);
    take_flags(message, out);
    DeviceState state = zigbee_state(message, out);
    if (is_of_a_device(message, report)) {
        report.devices.push_back(std::move(state));
    }
    note_private(message, report);
    return report;
}

// With `output: attribute`: <base>/<name>/<field>, and the value alone.
Result<Report> attribute_message(const Json& value, std::string_view name) {
    const std::size_t slash = name.rfind('/');
    if (slash == std::string_view::npos || value.is_array()) {
        return invalid_argument("is not a JSON object");
    }
    Json message = Json::object();
    message[std::string(name.substr(slash + 1))] = value;
    return device_message(message, name.substr(0, slash));
}

Result<Report> bridge_state(std::string_view base, std::string_view body) {
    const std::optional<bool> online = online_in(body);
    if (!online && !trimmed(body).empty()) {
        return invalid_argument("says neither online nor offline");
    }
    Report report;
    if (online) {
        ShopSensors(report, std::string(base))
            .alarm({kBridgeOffline, Severity::major, "the Zigbee bridge is offline"}, {}, !*online);
    }
    return report;
}

DeviceState listed_device(const Json& item) {
    DeviceState state;
    state.heard = false;
    state.device = text_of(member(item, "friendly_name"));
    state.model = text_of(member(member(item, "definition"), "model"));
    if (state.model.empty()) {
        state.model = text_of(member(item, "model_id"));
    }
    state.firmware = text_of(member(item, "software_build_id"));
    return state;
}

Result<Report> bridge_devices(std::string_view body) {
    const Result<Json> list = parse_json(body);
    const Json::array_t* const items = list ? list_of(&*list) : nullptr;
    if (items == nullptr) {
        return invalid_argument("is not a JSON list of devices");
    }
    Report report;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Json& item = (*items)[i];
        if (lower(text_of(member(item, "type"))) == "coordinator") {
            continue;
        }
        if (member(item, "ieee_address") != nullptr) {
            ++report.private_fields["mac"];
        }
        DeviceState state = listed_device(item);
        if (state.device.empty()) {
            add_bad(report, "/" + std::to_string(i), "is no device with a name");
        } else {
            report.devices.push_back(std::move(state));
        }
    }
    return report;
}

Result<Report> bridge_message(const ZigbeeTopic& topic, std::string_view body) {
    const std::string_view what = topic.name.substr(kBridge.size());
    if (what == "state") {
        return bridge_state(topic.base, body);
    }
    if (what == "devices" && !trimmed(body).empty()) {
        return bridge_devices(body);
    }
    return Report{};  // log, groups, answers to commands
}

}  // namespace

Result<Report> parse_zigbee2mqtt(const Message& message) {
    const ZigbeeTopic topic = zigbee_topic(message.address);
    if (topic.name.starts_with(kBridge)) {
        return bridge_message(topic, message.body);
    }
    if (is_command(topic.name)) {
        return Report{};
    }
    constexpr std::string_view kAvailability = "/availability";
    if (topic.name.ends_with(kAvailability)) {
        const auto size = topic.name.size() - kAvailability.size();
        return availability_of(topic.name.substr(0, size), message.body);
    }
    if (trimmed(message.body).empty()) {
        return Report{};  // a device that was removed
    }
    const Result<Json> json = parse_json(message.body);
    if (!json) {
        return json.error();
    }
    return json->is_object() ? device_message(*json, topic.name)
                             : attribute_message(*json, topic.name);
}

}  // namespace cxedge::devices
