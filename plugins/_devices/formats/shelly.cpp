// SPDX-License-Identifier: Apache-2.0
// Shelly generation 2 and later: <prefix>/events/rpc with notifications that hold what changed,
// <prefix>/status/<component>, <prefix>/online.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/brokered.hpp"
#include "plugins/_devices/formats/shop_sensors.hpp"
#include "plugins/_devices/json.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// A clock that counts from the start of the device was never set: it tells no time.
constexpr double kEarliestClock = 1'000'000'000;

// "switch:0"
struct Component {
    std::string_view name;
    std::string_view type;
    std::string_view part;  // empty: the first of its type
};

Component component_of(std::string_view name) {
    const std::string_view type = name.substr(0, name.find(':'));
    const std::string_view number = name.substr(std::min(type.size() + 1, name.size()));
    return {name, type, number == "0" ? std::string_view() : number};
}

// For BadElement::where. The type is one that is known; what follows it may be anybody's word.
std::string shown(const Component& component) {
    constexpr std::size_t kMostDigits = 3;
    const std::string_view number = component.part.empty() ? "0" : component.part;
    const bool is_number =
        number.size() <= kMostDigits &&
        std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
    const bool bare = component.name == component.type;
    return fmt::format(
        "/{}{}", component.type, bare ? "" : (is_number ? ":" + std::string(number) : ":*")
    );
}

struct ShellyNumber {
    std::string_view type;
    const char* field;
    Quantity quantity;
};

constexpr ShellyNumber kShellyNumbers[] = {
    {"temperature", "tC", kTemperature},
    {"humidity", "rh", kHumidity},
    {"illuminance", "lux", kIlluminance},
    {"switch", "apower", kPower},
    {"pm1", "apower", kPower},
    {"light", "apower", kPower},
    {"rgb", "apower", kPower},
    {"rgbw", "apower", kPower},
    {"cct", "apower", kPower},
    {"cover", "apower", kPower},
    {"em", "total_act_power", kPower},
    {"em1", "act_power", kPower},
};

struct ShellyMessage {
    ShopSensors& sensors;
    DeviceState& device;
};

// A null is a sensor that does not answer.
void take_shelly_number(
    const ShellyNumber& number, const Component& component, const Json& status, ShopSensors& out
) {
    const Json* const value = member(status, number.field);
    if (value != nullptr && value->is_null()) {
        out.lost(number.quantity, component.part);
        return;
    }
    out.measured(number.quantity, component.part, value, shown(component) + "/" + number.field);
}

void take_alarm(const Component& component, const Json& status, ShopSensors& out) {
    if (const auto raised = flag_in(member(status, "alarm"))) {
        out.alarm(component.type == "flood" ? kWaterLeak : kSmoke, component.part, *raised);
    }
}

void take_switches(const Component& component, const Json& status, ShopSensors& out) {
    if (const auto on = flag_in(member(status, "output"))) {
        out.output(component.name, *on);
    }
    const Json* const state = member(status, "state");
    if (component.type == "input" && state != nullptr && state->is_boolean()) {
        out.input(component.name, state->get<bool>());
    }
    if (component.type == "presence") {
        if (const auto present = flag_in(state)) {
            out.presence(component.part, *present);
        }
    }
}

void take_battery(const Json& status, ShellyMessage& out) {
    const Json* const percent = member(member(status, "battery"), "percent");
    if (percent == nullptr || percent->is_null()) {
        return;
    }
    out.device.battery = number_of(percent);
    if (!out.device.battery) {
        out.sensors.bad("/devicepower/battery/percent", "is not a number");
    }
}

void take_system(const Json& status, ShellyMessage& out) {
    if (out.device.firmware.empty()) {
        out.device.firmware = text_of(member(status, "fw"));
    }
    if (const Json* const updates = member(status, "available_updates")) {
        constexpr AlarmKind kUpdate{
            "device.update_available", Severity::info, "there is newer firmware"};
        out.sensors.alarm(kUpdate, {}, member(updates, "stable") != nullptr);
    }
}

void take_component(std::string_view name, const Json& status, ShellyMessage& out) {
    const Component component = component_of(name);
    const bool is_known =
        std::any_of(
            std::begin(kShellyNumbers),
            std::end(kShellyNumbers),
            [&](const ShellyNumber& number) { return number.type == component.type; }
        ) ||
        component.type == "input" || component.type == "devicepower" || component.type == "sys";
    if (!status.is_object()) {
        if (is_known) {
            out.sensors.bad(shown(component), "is no object");
        }
        return;
    }
    for (const ShellyNumber& number : kShellyNumbers) {
        if (number.type == component.type) {
            take_shelly_number(number, component, status, out.sensors);
        }
    }
    take_switches(component, status, out.sensors);
    if (component.type == "flood" || component.type == "smoke") {
        take_alarm(component, status, out.sensors);
    } else if (component.type == "devicepower") {
        take_battery(status, out);
    } else if (component.type == "sys") {
        take_system(status, out);
    }
}

// "shellyplusht-b8d61a8b17cc" -> "shellyplusht".
std::string model_in(std::string_view id) {
    const std::size_t dash = id.rfind('-');
    const bool is_id = id.starts_with("shelly") && dash != std::string_view::npos;
    return is_id ? std::string(id.substr(0, dash)) : std::string();
}

std::optional<DeviceTime> time_of(const Json* params) {
    const std::optional<double> ts = number_of(member(params, "ts"));
    return ts && *ts >= kEarliestClock ? epoch_time(*ts) : std::nullopt;
}

// Buttons and their like are the feedback plugin's; what is no event at all is said.
void check_shelly_events(const Json* events, ShopSensors& out) {
    const Json::array_t* const list = list_of(events);
    if (list == nullptr) {
        out.bad("/params/events", "is no list");
        return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        if (text_of(member((*list)[i], "event")).empty()) {
            out.bad("/params/events/" + std::to_string(i), "is no event");
        }
    }
}

void take_components(const Json& status, ShellyMessage& out) {
    for (const auto& [name, component] : status.items()) {
        if (name != "ts" && name != "events") {
            take_component(name, component, out);
        }
    }
}

// Shelly.GetDeviceInfo and Shelly.GetStatus, when somebody asked over the broker.
void take_answer(const Json& result, ShellyMessage& out) {
    const std::string model = text_of(member(result, "model"));
    out.device.model = model.empty() ? out.device.model : model;
    out.device.firmware = text_of(member(result, "ver"));
    take_components(result, out);
}

Result<Report> shelly_notification(const Json& message, std::string_view prefix) {
    const std::string source = text_of(member(message, "src"));
    const std::string method = text_of(member(message, "method"));
    const Json* const params = member(message, "params");
    const Json* const result = member(message, "result");
    const bool has_params = params != nullptr && params->is_object();
    if (!has_params && (result == nullptr || !result->is_object())) {
        return invalid_argument("has neither params nor result");
    }
    Report report;
    DeviceState device;
    device.device = prefix.empty() ? source : std::string(prefix);
    device.model = model_in(source);
    ShopSensors sensors(report, device.device, time_of(params));
    ShellyMessage out{sensors, device};
    if (!has_params) {
        take_answer(*result, out);
    } else if (method == "NotifyEvent") {
        check_shelly_events(member(params, "events"), sensors);
    } else {
        take_components(*params, out);
    }
    report.devices.push_back(std::move(device));
    note_private(message, report);
    return report;
}

Report component_status(const Json& status, std::string_view name, std::string_view prefix) {
    Report report;
    DeviceState device;
    device.device = prefix;
    device.model = model_in(prefix);
    ShopSensors sensors(report, device.device);
    ShellyMessage out{sensors, device};
    take_component(name, status, out);
    report.devices.push_back(std::move(device));
    note_private(status, report);
    return report;
}

// Text before the last `levels` levels.
std::string_view before(std::string_view topic, std::size_t levels) {
    for (; levels > 0; --levels) {
        const std::size_t slash = topic.rfind('/');
        topic = slash == std::string_view::npos ? std::string_view() : topic.substr(0, slash);
    }
    return topic;
}

}  // namespace

Result<Report> parse_shelly(const Message& message) {
    const std::string_view topic = message.address;
    if (topic.ends_with("/online")) {
        return availability_of(before(topic, 1), message.body);
    }
    const std::string_view last = topic.substr(topic.rfind('/') + 1);
    const bool is_status = before(topic, 1).ends_with("/status");
    // An empty address, or a path: a device that pushes by HTTP.
    const bool is_rpc = last == "rpc" || topic.empty() || topic.starts_with('/');
    if ((!is_status && !is_rpc) || trimmed(message.body).empty()) {
        return Report{};  // commands, logs, announcements
    }
    const Result<Json> json = parse_json(message.body);
    if (!json) {
        return json.error();
    }
    if (is_status) {
        return component_status(*json, last, before(topic, 2));
    }
    return shelly_notification(
        *json, topic.ends_with("/events/rpc") ? before(topic, 2) : std::string_view()
    );
}

}  // namespace cxedge::devices
