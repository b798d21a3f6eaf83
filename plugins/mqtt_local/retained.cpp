// SPDX-License-Identifier: Apache-2.0
#include "plugins/mqtt_local/retained.hpp"

#include <algorithm>
#include <optional>

#include "plugins/_devices/device_clock.hpp"

namespace cxedge::plugins {
namespace {

using devices::DeviceState;
using devices::DeviceTime;
using devices::Reading;
using devices::Report;

// "online" and its opposite are kept up to date by the broker itself (a last will).
bool is_meant_to_be_kept(const Report& report) {
    return report.readings.empty() &&
           std::all_of(report.devices.begin(), report.devices.end(), [](const DeviceState& state) {
               return state.up.has_value() || !state.heard;
           });
}

std::optional<WallTime> last_heard(const Report& report, WallTime now) {
    std::optional<WallTime> latest;
    const auto consider = [&](const std::optional<DeviceTime>& time) {
        if (time) {
            const WallTime utc = devices::to_utc(*time, now);
            latest = latest ? std::max(*latest, utc) : utc;
        }
    };
    for (const DeviceState& state : report.devices) {
        consider(state.last_seen);
    }
    if (!latest) {  // whoever passes it on does not say; the device may
        for (const Reading& reading : report.readings) {
            consider(reading.time);
        }
    }
    return latest;
}

// It is a reading of when the device was last heard of, not of now.
void date_readings(Report& report) {
    const auto dated =
        std::find_if(report.devices.begin(), report.devices.end(), [](const DeviceState& state) {
            return state.last_seen.has_value();
        });
    if (dated == report.devices.end()) {
        return;
    }
    for (Reading& reading : report.readings) {
        if (!reading.time) {
            reading.time = dated->last_seen;
        }
    }
}

bool is_listed(const Report& report, const std::string& device) {
    return std::any_of(report.devices.begin(), report.devices.end(), [&](const DeviceState& state) {
        return state.device == device;
    });
}

void leave_inventory(Report& report) {
    for (const Reading& reading : report.readings) {
        if (!is_listed(report, reading.device)) {
            DeviceState state;
            state.device = reading.device;
            report.devices.push_back(std::move(state));
        }
    }
    report.readings.clear();
    report.events.clear();
    for (DeviceState& state : report.devices) {
        state.heard = false;
        state.up.reset();
        state.battery.reset();
    }
}

}  // namespace

void settle_retained(Report& report, WallTime now, std::chrono::milliseconds silent, bool believe) {
    if (is_meant_to_be_kept(report)) {
        return;
    }
    const std::optional<WallTime> heard = believe ? last_heard(report, now) : std::nullopt;
    if (heard && now - *heard <= silent) {
        date_readings(report);
    } else {
        leave_inventory(report);
    }
}

}  // namespace cxedge::plugins
