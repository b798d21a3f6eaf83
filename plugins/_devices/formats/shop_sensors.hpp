// SPDX-License-Identifier: Apache-2.0
// What sensors of a shop measure, under the same names whatever the vendor. Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/json.hpp"
#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

struct Quantity {
    std::string_view metric;
    std::string_view dim;  // room or circuit
};
inline constexpr Quantity kTemperature{"store.env.temperature", "room"};
inline constexpr Quantity kHumidity{"store.env.humidity", "room"};
inline constexpr Quantity kCo2{"store.env.co2", "room"};
inline constexpr Quantity kIlluminance{"store.env.illuminance", "room"};
inline constexpr Quantity kPower{"store.power", "circuit"};

// Something a sensor calls out; raised and cleared.
struct AlarmKind {
    std::string_view name;  // of the event
    Severity severity;
    std::string_view text;
};
inline constexpr AlarmKind kWaterLeak{"device.water_leak", Severity::major, "water was detected"};
inline constexpr AlarmKind kSmoke{"device.smoke", Severity::critical, "smoke was detected"};
inline constexpr AlarmKind kGas{"device.gas", Severity::critical, "gas was detected"};
inline constexpr AlarmKind kCarbonMonoxide{
    "device.carbon_monoxide", Severity::critical, "carbon monoxide was detected"};
inline constexpr AlarmKind kTamper{
    "device.tamper", Severity::warning, "the device was opened or moved"};

// Readings of one device in one message.
class ShopSensors {
public:
    ShopSensors(Report& report, std::string device, std::optional<DeviceTime> time = {})
        : report_(report), device_(std::move(device)), time_(time) {}

    // `part` of the device; empty: the device as a whole. "fridge", "100" -> room "fridge/100".
    void measured(const Quantity& quantity, std::string_view part, double value);
    void lost(const Quantity& quantity, std::string_view part);
    // Nothing if there is none or it is null; a bad element if it is no number.
    void measured(
        const Quantity& quantity, std::string_view part, const Json* value, std::string_view where
    );
    void door(std::string_view part, bool open);
    void presence(std::string_view part, bool present);
    // Kind kWaterLeak is also a state of the room.
    void alarm(const AlarmKind& kind, std::string_view part, bool raised);
    void input(std::string_view name, bool active);
    void output(std::string_view name, bool on);
    void bad(std::string_view where, std::string_view what);

    [[nodiscard]] const std::string& device() const { return device_; }

private:
    [[nodiscard]] std::string place(std::string_view part) const;
    void state(
        const char* metric,
        const char* dim,
        std::string place,
        std::vector<std::string> states,
        bool second
    );

    Report& report_;
    std::string device_;
    std::optional<DeviceTime> time_;
};

// "online", "offline", true, false, {"state": "online"}.
std::optional<bool> online_in(std::string_view body);
// What a broker keeps of a device: that it is (not) there. invalid_argument: not said.
Result<Report> availability_of(std::string_view device, std::string_view body);
// ON, OFF, true, 1, ...
std::optional<bool> flag_in(const Json* value);
// Levels of a topic.
std::vector<std::string_view> levels_of(std::string_view topic);

}  // namespace cxedge::devices
