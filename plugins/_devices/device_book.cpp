// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/device_book.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace cxedge::devices {
namespace {

constexpr std::chrono::seconds kLongestTick{30};

double seconds(SteadyTime::duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

DeviceBook::DeviceBook(Host& host, std::chrono::milliseconds silent, std::size_t max_devices)
    : host_(host), silent_(silent), max_devices_(max_devices) {
    const auto tick = std::clamp<std::chrono::milliseconds>(
        silent_ / 4, std::chrono::milliseconds(100), kLongestTick
    );
    timer_ = host_.loop().every(tick, [this] { this->tick(); });
}

std::optional<SeriesId> DeviceBook::declare(
    const char* metric, const std::string& device, Kind kind
) {
    SeriesInfo info{{metric, {{"device", device}}}, kind, {}, {}, 0};
    if (kind == Kind::state) {
        info.states = {"down", "up"};
    }
    const Result<SeriesId> id = host_.declare(info);
    return id ? std::optional(*id) : std::nullopt;
}

DeviceBook::Device& DeviceBook::add(const std::string& device) {
    Device& added = devices_[device];
    added.note.device = device;
    added.up = declare("device.up", device, Kind::state);
    added.age = declare("device.last_seen_age", device, Kind::gauge);
    return added;
}

Status DeviceBook::heard(const std::string& device) {
    const auto found = devices_.find(device);
    if (found == devices_.end() && devices_.size() >= max_devices_) {
        return exhausted(fmt::format("more than {} devices (max_devices)", max_devices_));
    }
    Device& known = found == devices_.end() ? add(device) : found->second;
    known.heard = host_.clock().steady_now();
    known.is_news = true;
    set_up(known, true);
    return {};
}

void DeviceBook::told(const std::string& device, const DeviceState& state) {
    const auto found = devices_.find(device);
    if (found == devices_.end()) {
        return;
    }
    Device& known = found->second;
    const DeviceNote before = known.note;
    known.note.model = state.model.empty() ? before.model : state.model;
    known.note.firmware = state.firmware.empty() ? before.firmware : state.firmware;
    if (state.battery && *state.battery >= 0 && *state.battery <= 100) {
        known.note.battery = state.battery;
        if (!known.battery) {
            known.battery = declare("device.battery", device, Kind::gauge);
        }
        if (known.battery) {
            static_cast<void>(host_.emit(*known.battery, *state.battery));
        }
    }
    if (!(known.note == before)) {
        host_.tell_device(known.note);
    }
    if (state.up) {
        set_up(known, *state.up);
    }
}

bool DeviceBook::lost(const std::string& device) {
    const auto found = devices_.find(device);
    if (found == devices_.end()) {
        return false;
    }
    set_up(found->second, false);
    return true;
}

void DeviceBook::seen_before(const std::string& device, std::chrono::milliseconds age) {
    const bool is_new = devices_.count(device) == 0;
    if (is_new && devices_.size() >= max_devices_) {
        return;
    }
    Device& known = is_new ? add(device) : devices_[device];
    const SteadyTime then = host_.clock().steady_now() - age;
    if (!is_new && known.heard > then) {
        return;  // it was heard of since
    }
    known.heard = then;
    if (age > silent_) {
        set_up(known, false);
    }
}

void DeviceBook::set_up(Device& device, bool up) {
    if (device.known_up && device.note.up == up) {
        return;
    }
    device.known_up = true;
    device.note.up = up;
    host_.tell_device(device.note);
    if (device.up) {
        static_cast<void>(host_.emit(*device.up, up ? 1 : 0));
    }
}

void DeviceBook::tick() {
    const SteadyTime now = host_.clock().steady_now();
    for (auto& [name, device] : devices_) {
        if (device.note.up && now - device.heard > silent_) {
            set_up(device, false);
        } else if (device.up) {
            static_cast<void>(host_.emit(*device.up, device.note.up ? 1 : 0));
        }
        // The inventory stamps when it was told: a device that talks a lot is told once a tick.
        if (std::exchange(device.is_news, false)) {
            host_.tell_device(device.note);
        }
        if (device.age) {
            static_cast<void>(host_.emit(*device.age, seconds(now - device.heard)));
        }
    }
}

}  // namespace cxedge::devices
