// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/device_clock.hpp"

#include <ctime>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// The moment at which a clock on the wall shows `shown`, by one of the two rules of its zone.
std::optional<std::time_t> moment_of(const std::tm& shown, int is_dst) {
    std::tm tried = shown;
    tried.tm_isdst = is_dst;
    const std::time_t moment = ::mktime(&tried);
    const bool same = tried.tm_min == shown.tm_min && tried.tm_hour == shown.tm_hour;
    return same && tried.tm_isdst == is_dst ? std::optional(moment) : std::nullopt;
}

std::chrono::milliseconds distance(WallTime a, WallTime b) {
    return a > b ? a - b : b - a;
}

}  // namespace

WallTime to_utc(DeviceTime time, WallTime near) {
    if (!time.local) {
        return from_unix_ms(time.ms);
    }
    const auto shown_s = static_cast<std::time_t>(time.ms / 1000);
    const std::chrono::milliseconds rest(time.ms % 1000);
    std::tm shown{};
    ::gmtime_r(&shown_s, &shown);
    std::optional<WallTime> best;
    for (const int is_dst : {0, 1}) {
        const auto moment = moment_of(shown, is_dst);
        if (!moment) {
            continue;
        }
        const WallTime candidate = from_unix_ms(std::int64_t{*moment} * 1000) + rest;
        if (!best || distance(candidate, near) < distance(*best, near)) {
            best = candidate;
        }
    }
    if (!best) {  // the hour that summer time leaves out
        shown.tm_isdst = -1;
        best = from_unix_ms(std::int64_t{::mktime(&shown)} * 1000) + rest;
    }
    return *best;
}

DeviceClock::DeviceClock(
    Host& host,
    ClockPolicy policy,
    std::chrono::milliseconds ahead,
    std::chrono::milliseconds behind
)
    : host_(host), policy_(policy), ahead_(ahead), behind_(behind) {}

bool DeviceClock::believed(std::chrono::milliseconds offset) const {
    if (policy_ == ClockPolicy::automatic) {
        return offset <= ahead_ && -offset <= behind_;
    }
    return policy_ == ClockPolicy::device;
}

Occasion DeviceClock::occasion(const std::string& device, const Told& told) {
    Occasion occasion;
    if (!told.time) {
        occasion.key = told.id.empty() ? 0 : key_of(told.id);
        return occasion;
    }
    const WallTime now = host_.clock().wall_now();
    const WallTime time = to_utc(*told.time, now);
    const std::chrono::milliseconds offset = time - now;
    Device& known = devices_[device];
    known.offset = known.offset ? std::max(*known.offset, offset) : offset;
    const std::optional<WallTime> from =
        told.from ? std::optional(to_utc(*told.from, time)) : std::nullopt;
    const bool is_interval = from && *from < time;
    const bool is_believed = believed(offset);
    if (is_believed) {
        occasion.time = time;
    }
    if (is_believed && is_interval) {
        occasion.from = from;  // that is name enough
    } else if (is_interval || !told.id.empty()) {
        // Its own times are a part of the name, believed or not: a device that was started again
        // counts its messages from 1 once more.
        occasion.key =
            key_of(fmt::format("{} {} {}", told.id, told.from ? told.from->ms : 0, told.time->ms));
    }
    return occasion;
}

void DeviceClock::end_of_message() {
    for (auto& [name, device] : devices_) {
        if (device.offset) {
            tell(name, device);
            device.offset.reset();
        }
    }
}

void DeviceClock::tell(const std::string& name, Device& device) {
    if (!device.series) {
        const Result<SeriesId> id =
            host_.declare({{"device.clock.offset", {{"device", name}}}, Kind::gauge, {}, {}, 0});
        device.series = id ? std::optional(*id) : std::nullopt;
    }
    const double seconds = std::chrono::duration<double>(*device.offset).count();
    if (device.series) {
        static_cast<void>(host_.emit(*device.series, seconds));
    }
    const bool wrong = *device.offset > ahead_ || -*device.offset > behind_;
    if (policy_ == ClockPolicy::receive || wrong == device.wrong.has_value()) {
        return;
    }
    Event event;
    event.name = "device.clock_wrong";
    event.severity = Severity::warning;
    event.state = wrong ? EventState::raise : EventState::clear;
    event.id = wrong ? random_event_id() : *device.wrong;
    event.subject = name;
    event.text = wrong ? fmt::format(
                             "the device's clock is off by {:.0f} s; {}",
                             seconds,
                             policy_ == ClockPolicy::device ? "its times count all the same"
                                                            : "the time of receipt counts"
                         )
                       : "the device's clock is right again";
    device.wrong = wrong ? std::optional(event.id) : std::nullopt;
    host_.emit_event(std::move(event));
}

}  // namespace cxedge::devices
