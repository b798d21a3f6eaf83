// SPDX-License-Identifier: Apache-2.0
#include "agent/app/device_inventory.hpp"

#include <chrono>

namespace cxedge::app {

void DeviceInventory::tell(std::string_view source, const DeviceNote& note) {
    const std::pair<std::string, std::string> name(source, note.device);
    if (devices_.size() >= kMost && devices_.count(name) == 0) {
        return;
    }
    Entry& entry = devices_[name];
    entry.note = note;
    if (note.up || entry.heard == SteadyTime{}) {
        entry.heard = clock_.steady_now();
    }
}

std::vector<telemetry::DeviceHealth> DeviceInventory::list() const {
    std::vector<telemetry::DeviceHealth> list;
    const SteadyTime now = clock_.steady_now();
    for (const auto& [name, entry] : devices_) {
        telemetry::DeviceHealth device;
        device.source = name.first;
        device.device = name.second;
        device.model = entry.note.model;
        device.firmware = entry.note.firmware;
        device.battery = entry.note.battery.value_or(-1);
        device.up = entry.note.up;
        device.last_seen_age_s = std::chrono::duration<double>(now - entry.heard).count();
        list.push_back(std::move(device));
    }
    return list;
}

}  // namespace cxedge::app
