// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/devices.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/control/control.hpp"
#include "agent/ctl/human_text.hpp"
#include "agent/ctl/terminal.hpp"

namespace cxedge::ctl {
namespace {

using telemetry::DeviceHealth;

constexpr std::chrono::seconds kDevicesTimeout{5};

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

std::string battery_of(const DeviceHealth& device) {
    return device.battery < 0 ? "-" : fmt::format("{:.0f} %", device.battery);
}

std::string row_of(const DeviceHealth& device) {
    return fmt::format(
        "{:<24} {:<16} {:<6} {:>10} {:>8}  {:<20} {}\n",
        device.device,
        device.source,
        device.up ? "up" : "down",
        human_duration(device.last_seen_age_s),
        battery_of(device),
        or_dash(device.model),
        or_dash(device.firmware)
    );
}

}  // namespace

std::string device_table(const telemetry::Health& health) {
    if (health.devices.empty()) {
        return "no device was heard of yet\n";
    }
    std::vector<DeviceHealth> devices = health.devices;
    std::stable_sort(devices.begin(), devices.end(), [](const auto& a, const auto& b) {
        return !a.up && b.up;
    });
    std::string text = fmt::format(
        "{:<24} {:<16} {:<6} {:>10} {:>8}  {:<20} {}\n",
        "DEVICE",
        "SOURCE",
        "STATE",
        "LAST SEEN",
        "BATTERY",
        "MODEL",
        "FIRMWARE"
    );
    for (const DeviceHealth& device : devices) {
        text += row_of(device);
    }
    return text;
}

std::string device_lines(const telemetry::Health& health) {
    std::string text;
    for (const DeviceHealth& device : health.devices) {
        nlohmann::json object{
            {"source", device.source},
            {"device", device.device},
            {"up", device.up},
            {"last_seen_age_s", device.last_seen_age_s}};
        if (!device.model.empty()) {
            object["model"] = device.model;
        }
        if (!device.firmware.empty()) {
            object["firmware"] = device.firmware;
        }
        if (device.battery >= 0) {
            object["battery"] = device.battery;
        }
        text += object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    return text;
}

ExitCode run_devices(const DevicesOptions& options) {
    const auto answer = control::request(options.socket, R"({"op":"status"})", kDevicesTimeout);
    if (!answer) {
        return fail(answer.error());
    }
    const auto health = control::parse_status_answer(*answer);
    if (!health) {
        return fail(health.error());
    }
    const std::string text = options.json ? device_lines(*health) : device_table(*health);
    return write_out(text) ? ExitCode::ok : ExitCode::failed;
}

}  // namespace cxedge::ctl
