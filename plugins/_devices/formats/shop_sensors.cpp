// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/shop_sensors.hpp"

#include <utility>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {

std::string ShopSensors::place(std::string_view part) const {
    if (part.empty()) {
        return device_;
    }
    return device_.empty() ? std::string(part) : device_ + "/" + std::string(part);
}

namespace {

Reading sensor_reading(const Quantity& quantity, std::string device, std::string place) {
    Reading reading;
    reading.device = std::move(device);
    reading.info.key.metric = quantity.metric;
    if (!place.empty()) {
        reading.info.key.dims.push_back({std::string(quantity.dim), std::move(place)});
    }
    return reading;
}

}  // namespace

void ShopSensors::measured(const Quantity& quantity, std::string_view part, double value) {
    Reading reading = sensor_reading(quantity, device_, place(part));
    reading.value = value;
    reading.time = time_;
    report_.readings.push_back(std::move(reading));
}

void ShopSensors::lost(const Quantity& quantity, std::string_view part) {
    Reading reading = sensor_reading(quantity, device_, place(part));
    reading.lost = true;
    reading.time = time_;
    report_.readings.push_back(std::move(reading));
}

void ShopSensors::measured(
    const Quantity& quantity, std::string_view part, const Json* value, std::string_view where
) {
    if (value == nullptr || value->is_null()) {
        return;
    }
    const std::optional<double> number = number_of(value);
    if (number) {
        measured(quantity, part, *number);
    } else {
        bad(where, "is not a number");
    }
}

void ShopSensors::state(
    const char* metric,
    const char* dim,
    std::string place,
    std::vector<std::string> states,
    bool second
) {
    Reading reading = sensor_reading({metric, dim}, device_, std::move(place));
    reading.info.kind = Kind::state;
    reading.info.states = std::move(states);
    reading.value = second ? 1 : 0;
    reading.time = time_;
    report_.readings.push_back(std::move(reading));
}

void ShopSensors::door(std::string_view part, bool open) {
    state("store.door.open", "door", place(part), {"closed", "open"}, open);
}

void ShopSensors::presence(std::string_view part, bool present) {
    state("store.presence", "room", place(part), {"absent", "present"}, present);
}

void ShopSensors::input(std::string_view name, bool active) {
    state("device.input", "input", std::string(name), {"inactive", "active"}, active);
}

void ShopSensors::output(std::string_view name, bool on) {
    state("device.output", "output", std::string(name), {"off", "on"}, on);
}

void ShopSensors::alarm(const AlarmKind& kind, std::string_view part, bool raised) {
    DeviceEvent told;
    told.event.name = kind.name;
    told.event.severity = kind.severity;
    told.event.state = raised ? EventState::raise : EventState::clear;
    told.event.subject = device_;
    told.event.text = raised ? std::string(kind.text) : "no longer: " + std::string(kind.text);
    if (!part.empty()) {
        told.event.attrs.push_back({"part", std::string(part)});
    }
    told.time = time_;
    report_.events.push_back(std::move(told));
    if (kind.name == kWaterLeak.name) {
        state("store.water_leak", "room", place(part), {"dry", "wet"}, raised);
    }
}

void ShopSensors::bad(std::string_view where, std::string_view what) {
    add_bad(report_, std::string(where), std::string(what));
}

std::optional<bool> flag_in(const Json* value) {
    return value == nullptr || value->is_null() ? std::nullopt : flag_of(value);
}

std::optional<bool> online_in(std::string_view body) {
    std::string word = lower(trimmed(body));
    if (word.starts_with('{') || word.starts_with('"')) {
        const Result<Json> json = parse_json(body);
        if (!json) {
            return std::nullopt;
        }
        word = lower(trimmed(text_of(json->is_object() ? member(*json, "state") : &*json)));
    }
    if (word == "online" || word == "connected") {
        return true;
    }
    return word == "offline" || word == "disconnected" ? std::optional(false) : parse_flag(word);
}

Result<Report> availability_of(std::string_view device, std::string_view body) {
    Report report;
    if (trimmed(body).empty()) {
        return report;  // what the broker kept was deleted
    }
    const std::optional<bool> online = online_in(body);
    if (!online) {
        return invalid_argument("says neither online nor offline");
    }
    DeviceState state;
    state.device = device;
    state.up = online;
    report.devices.push_back(std::move(state));
    return report;
}

std::vector<std::string_view> levels_of(std::string_view topic) {
    std::vector<std::string_view> levels;
    for (std::size_t begin = 0; begin <= topic.size();) {
        const std::size_t end = std::min(topic.find('/', begin), topic.size());
        levels.push_back(topic.substr(begin, end - begin));
        begin = end + 1;
    }
    return levels;
}

}  // namespace cxedge::devices
