// SPDX-License-Identifier: Apache-2.0
// The devices behind one source: last heard of, up or silent, battery. Tells the box's inventory
// and emits device.up, device.battery and device.last_seen_age {device}. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

class DeviceBook {
public:
    DeviceBook(Host& host, std::chrono::milliseconds silent, std::size_t max_devices);

    // A message of it came. exhausted: more devices than allowed; it is not counted at all.
    Status heard(const std::string& device);
    // What it says of itself; heard() comes first.
    void told(const std::string& device, const DeviceState& state);
    // It is known to be away (a poll failed, a broker's last will); false: it was never heard of.
    bool lost(const std::string& device);
    // As if nothing had been heard: `age` ago was the last time. Does not bring it up.
    void seen_before(const std::string& device, std::chrono::milliseconds age);
    [[nodiscard]] bool knows(const std::string& device) const {
        return devices_.count(device) != 0;
    }
    [[nodiscard]] std::size_t size() const { return devices_.size(); }

private:
    struct Device {
        DeviceNote note;
        SteadyTime heard{};
        std::optional<SeriesId> up;
        std::optional<SeriesId> battery;
        std::optional<SeriesId> age;
        bool known_up = false;  // whether it is up was told at least once
        bool is_news = false;   // heard of since the inventory was told
    };

    Device& add(const std::string& device);
    void set_up(Device& device, bool up);
    void tick();
    std::optional<SeriesId> declare(const char* metric, const std::string& device, Kind kind);

    Host& host_;
    std::chrono::milliseconds silent_;
    std::size_t max_devices_;
    std::map<std::string, Device> devices_;
    LoopHandle timer_;
};

}  // namespace cxedge::devices
