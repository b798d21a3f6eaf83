// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/target_desk.hpp"

#include <utility>

#include "plugins/_devices/device_clock.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

// Devices and levels of one target that are remembered: a target that makes up names must not fill
// the memory.
constexpr std::size_t kMostRemembered = 4'096;

bool is_level(Kind kind) {
    return kind == Kind::gauge || kind == Kind::state;
}

SeriesKey key_of_due(const devices::Reading& reading) {
    SeriesKey key = reading.info.key;
    key.dims.push_back({"device", reading.device});
    return key;
}

}  // namespace

TargetDesk::TargetDesk(const Shared& shared, Naming naming)
    : shared_(shared), naming_(std::move(naming)) {}

std::string TargetDesk::device_of(const std::string& said) const {
    if (!naming_.device.empty()) {
        return naming_.device;
    }
    return said.empty() ? naming_.unnamed : said;
}

void TargetDesk::take(std::string_view content_type, std::string_view body) {
    Result<devices::Report> read =
        shared_.reader.read({body, devices::lower(content_type), naming_.path});
    if (!read) {
        unreadable(read.error());
        return;
    }
    adopt(*read);
    leave_unfinished(*read);
    remember(*read);
    if (const Status taken = shared_.intake.take(*read); !taken) {
        shared_.problem(naming_.number, naming_.target + ": the box cannot store what it says");
        shared_.count(Outcome::failed);
        return;
    }
    shared_.problem(naming_.number, {});
    shared_.count(Outcome::ok);
}

// Names everything as this target's, and says that its device is there also when it counted
// nothing.
void TargetDesk::adopt(devices::Report& report) {
    for (devices::Reading& reading : report.readings) {
        reading.device = device_of(reading.device);
    }
    for (devices::DeviceState& state : report.devices) {
        state.device = device_of(state.device);
    }
    for (devices::DeviceEvent& event : report.events) {
        event.event.subject = device_of(event.event.subject);
    }
    for (devices::BadElement& bad : report.bad_elements) {
        bad.where = naming_.target + " " + bad.where;
    }
    if (report.devices.empty() && report.readings.empty()) {
        devices::DeviceState state;
        state.device = device_of({});
        report.devices.push_back(std::move(state));
    }
}

void TargetDesk::leave_unfinished(devices::Report& report) const {
    if (!naming_.leaves_unfinished) {
        return;
    }
    const WallTime now = shared_.host.clock().wall_now();
    // One that has not begun is no such: its device's clock is wrong.
    std::erase_if(report.readings, [&](const devices::Reading& reading) {
        return reading.from && reading.time && devices::to_utc(*reading.from, now) <= now &&
               devices::to_utc(*reading.time, now) > now;
    });
}

void TargetDesk::remember(devices::Report& report) {
    std::map<SeriesKey, devices::Reading> missing = std::exchange(due_, {});
    for (const devices::Reading& reading : report.readings) {
        if (devices_.size() < kMostRemembered) {
            devices_.insert(reading.device);
        }
        if (is_level(reading.info.kind) && due_.size() < kMostRemembered) {
            missing.erase(key_of_due(reading));
            due_.emplace(key_of_due(reading), reading);
        }
    }
    for (const devices::DeviceState& state : report.devices) {
        if (devices_.size() < kMostRemembered) {
            devices_.insert(state.device);
        }
    }
    if (!report.bad_elements.empty()) {  // one of them, perhaps
        std::swap(due_, missing);
        add_losses(report);
        due_.merge(missing);
    }
}

void TargetDesk::add_losses(devices::Report& report) const {
    for (const auto& [key, reading] : due_) {
        devices::Reading lost;
        lost.device = reading.device;
        lost.info = reading.info;
        lost.lost = true;
        report.readings.push_back(std::move(lost));
    }
}

void TargetDesk::heard() {
    devices::Report report;
    devices::DeviceState state;
    state.device = device_of({});
    report.devices.push_back(std::move(state));
    static_cast<void>(shared_.intake.take(report));  // holds nothing that could be refused
    shared_.problem(naming_.number, {});
}

void TargetDesk::unreadable(const Error& error) {
    shared_.intake.bad_message(naming_.target, error);
    devices::Report report;
    add_losses(report);
    adopt(report);
    static_cast<void>(shared_.intake.take(report));
    shared_.problem(naming_.number, naming_.target + ": " + error.message);
    shared_.count(Outcome::failed);
}

void TargetDesk::failed(const std::string& why) {
    devices::Report report;
    if (devices_.empty() && naming_.never_named) {
        devices_.insert(device_of({}));
    }
    for (const std::string& device : devices_) {
        devices::DeviceState state;
        state.device = device;
        state.up = false;
        report.devices.push_back(std::move(state));
    }
    add_losses(report);
    static_cast<void>(shared_.intake.take(report));  // a loss that is refused is a gap all the same
    shared_.problem(naming_.number, why);
    shared_.count(Outcome::failed);
}

void TargetDesk::complain(std::string_view what) {
    devices::Report report;
    report.bad_elements.push_back({naming_.target, std::string(what)});
    static_cast<void>(shared_.intake.take(report));
}

void TargetDesk::passed_over(std::uint64_t pictures) {
    devices::Report report;
    report.private_fields["picture"] = pictures;
    static_cast<void>(shared_.intake.take(report));
}

}  // namespace cxedge::plugins
