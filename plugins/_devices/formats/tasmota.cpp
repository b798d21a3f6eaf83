// SPDX-License-Identifier: Apache-2.0
// Tasmota: tele/<name>/SENSOR, STATE, LWT, INFO1 and stat/<name>/RESULT, POWER, STATUS<n>, in this
// order of levels or with the name first. Times are those of the device's wall.
#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/brokered.hpp"
#include "plugins/_devices/formats/shop_sensors.hpp"
#include "plugins/_devices/json.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

struct TasmotaTopic {
    std::string_view prefix;  // tele, stat, cmnd
    std::string name;         // may hold slashes
    std::string_view what;    // upper case
};

TasmotaTopic tasmota_topic(std::string_view topic) {
    const std::vector<std::string_view> levels = levels_of(topic);
    TasmotaTopic out;
    out.what = levels.back();
    for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
        const std::string_view level = levels[i];
        if (out.prefix.empty() && (level == "tele" || level == "stat" || level == "cmnd")) {
            out.prefix = level;
        } else {
            out.name += (out.name.empty() ? "" : "/") + std::string(level);
        }
    }
    return out;
}

struct TasmotaNumber {
    const char* field;
    Quantity quantity;
};

constexpr TasmotaNumber kTasmotaNumbers[] = {
    {"Temperature", kTemperature},
    {"Humidity", kHumidity},
    {"CarbonDioxide", kCo2},
    {"Illuminance", kIlluminance},
};

// The chip's own warmth is not that of a room.
bool is_sensor(const std::string& name, const Json& value) {
    return value.is_object() && !name.starts_with("ESP32") && name != "ENERGY" && name != "ANALOG";
}

bool is_numbered(std::string_view name, std::string_view word) {
    return name.starts_with(word) &&
           std::all_of(name.begin() + word.size(), name.end(), [](char c) {
               return c >= '0' && c <= '9';
           });
}

// Chips, as the firmware calls them; several have "-1" or "-77" behind it.
constexpr std::string_view kTasmotaChips[] = {
    "AHT1X",  "AHT2X",  "AHT3X",   "AM2301",   "BH1750",  "BME280",  "BME680",  "BMP180",
    "BMP280", "CHIRP",  "DHT11",   "DHT22",    "DS18B20", "DS18S20", "HDC1080", "HDC2010",
    "HTU21",  "LM75AD", "MCP9808", "MHZ19B",   "S8",      "SCD30",   "SCD40",   "SCD41",
    "SHT1X",  "SHT3X",  "SHT4X",   "SENSEAIR", "SI7021",  "TSL2561", "TSL2591", "VEML7700"};

// For BadElement::where: a sensor that nobody knows may be called anything.
std::string shown_sensor(std::string_view name) {
    const std::string_view chip = name.substr(0, name.find('-'));
    const auto* const known = std::find(std::begin(kTasmotaChips), std::end(kTasmotaChips), chip);
    return known == std::end(kTasmotaChips) ? "/*" : "/" + std::string(chip);
}

struct TasmotaSensors {
    bool fahrenheit = false;
    bool several = false;  // measure the same
};

void take_sensor(
    const std::string& name,
    const Json& sensor,
    const TasmotaNumber& number,
    const TasmotaSensors& all,
    ShopSensors& out
) {
    const std::string part = all.several ? name : std::string();
    const Json& told = *member(sensor, number.field);
    const std::optional<double> measured = number_of(&told);
    if (told.is_null()) {
        out.lost(number.quantity, part);
    } else if (!measured) {
        out.bad(shown_sensor(name) + "/" + number.field, "is not a number");
    } else {
        out.measured(number.quantity, part, all.fahrenheit ? (*measured - 32) / 1.8 : *measured);
    }
}

void take_tasmota_number(
    const Json& sensors, const TasmotaNumber& number, bool fahrenheit, ShopSensors& out
) {
    const auto has_it = [&](const Json& value) {
        return member(value, number.field) != nullptr;
    };
    std::size_t several = 0;
    for (const auto& [name, value] : sensors.items()) {
        several += is_sensor(name, value) && has_it(value) ? 1U : 0U;
    }
    for (const auto& [name, value] : sensors.items()) {
        if (is_sensor(name, value) && has_it(value)) {
            take_sensor(name, value, number, {fahrenheit, several > 1}, out);
        }
    }
}

void take_energy(const Json* power, ShopSensors& out) {
    const Json::array_t* const channels = list_of(power);
    if (channels == nullptr) {
        out.measured(kPower, {}, power, "/ENERGY/Power");
        return;
    }
    for (std::size_t i = 0; i < channels->size(); ++i) {
        const std::string part = i == 0 ? std::string() : std::to_string(i);
        out.measured(kPower, part, &(*channels)[i], "/ENERGY/Power/" + std::to_string(i));
    }
}

void take_contacts(const Json& message, ShopSensors& out) {
    for (const auto& [name, value] : message.items()) {
        const bool is_switch = is_numbered(name, "Switch");
        const Json* const state = value.is_object() ? member(value, "Action") : &value;
        const auto flag = is_switch || is_numbered(name, "POWER") ? flag_in(state) : std::nullopt;
        if (flag && is_switch) {
            out.input(name, *flag);
        } else if (flag) {
            out.output(name, *flag);
        }
    }
}

// Cards and tags that a reader saw: of single persons.
void note_cards(const Json& message, Report& report) {
    for (const auto& [name, value] : message.items()) {
        if (member(value, "UID") != nullptr) {
            ++report.private_fields["identity"];
        }
    }
}

// Module and version, as STATUS2, INFO1 and its older form have them.
void take_about(const Json& message, DeviceState& device) {
    const Json* const info = member(message, "Info1");
    const Json* const status = member(message, "StatusFWR");
    for (const Json* const about : {info, status, &message}) {
        if (device.model.empty()) {
            device.model = text_of(member(about, "Module"));
        }
        if (device.firmware.empty()) {
            device.firmware = text_of(member(about, "Version"));
        }
    }
}

Report tasmota_message(const Json& whole, const std::string& name) {
    const Json* inner = nullptr;
    for (const char* const wrapped : {"StatusSNS", "StatusSTS"}) {
        inner = inner == nullptr ? member(whole, wrapped) : inner;
    }
    const Json& message = inner != nullptr && inner->is_object() ? *inner : whole;
    Report report;
    const std::string time = text_of(member(message, "Time"));
    ShopSensors out(report, name, parse_time(time));
    if (!time.empty() && !parse_time(time)) {
        out.bad("/Time", "is not a time");
    }
    const bool fahrenheit = text_of(member(message, "TempUnit")) == "F";
    for (const TasmotaNumber& number : kTasmotaNumbers) {
        const bool convert = fahrenheit && number.quantity.metric == kTemperature.metric;
        take_tasmota_number(message, number, convert, out);
    }
    take_energy(member(member(message, "ENERGY"), "Power"), out);
    take_contacts(message, out);
    DeviceState device;
    device.device = name;
    take_about(message, device);
    report.devices.push_back(std::move(device));
    note_cards(message, report);
    note_private(message, report);
    return report;
}

// stat/<name>/POWER1: ON
Result<Report> tasmota_power(const TasmotaTopic& topic, std::string_view body) {
    const std::optional<bool> on = parse_flag(body);
    if (!on) {
        return invalid_argument("is neither ON nor OFF");
    }
    Report report;
    ShopSensors(report, topic.name).output(topic.what, *on);
    DeviceState device;
    device.device = topic.name;
    report.devices.push_back(std::move(device));
    return report;
}

bool holds_state(std::string_view what) {
    constexpr std::array kWhat{"SENSOR", "STATE", "RESULT", "INFO1"};
    return std::find(kWhat.begin(), kWhat.end(), what) != kWhat.end() || what.starts_with("STATUS");
}

}  // namespace

Result<Report> parse_tasmota(const Message& message) {
    const TasmotaTopic topic = tasmota_topic(message.address);
    if (topic.prefix == "cmnd" || trimmed(message.body).empty()) {
        return Report{};
    }
    if (topic.what == "LWT") {
        return availability_of(topic.name, message.body);
    }
    if (is_numbered(topic.what, "POWER")) {
        return tasmota_power(topic, message.body);
    }
    if (!message.address.empty() && !holds_state(topic.what)) {
        return Report{};  // logs, other results
    }
    const Result<Json> json = parse_json(message.body);
    if (!json) {
        return json.error();
    }
    if (!json->is_object()) {
        return invalid_argument("is not a JSON object");
    }
    return tasmota_message(*json, topic.name);
}

}  // namespace cxedge::devices
