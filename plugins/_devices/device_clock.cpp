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

ClockPolicy clock_policy(std::string_view setting) {
    if (setting == "device") {
        return ClockPolicy::device;
    }
    return setting == "receive" ? ClockPolicy::receive : ClockPolicy::automatic;
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

void DeviceClock::hear(const std::string& device, const DeviceTime& time) {
    const WallTime now = host_.clock().wall_now();
    const std::chrono::milliseconds offset = to_utc(time, now) - now;
    Device& known = devices_[device];
    known.offset = known.offset ? std::max(*known.offset, offset) : offset;
}

// Times without zone run on over the hour that comes twice: an interval begins where the one before
// it in the message ended, and is as long as its device says.
DeviceClock::Span DeviceClock::span_of(SeriesId series, DeviceTime from, DeviceTime to) const {
    const WallTime now = host_.clock().wall_now();
    if (!from.local || !to.local) {
        return {to_utc(from, now), to_utc(to, now)};
    }
    const std::chrono::milliseconds length(to.ms - from.ms);
    const auto last = ends_.find(series);
    const WallTime begin = to_utc(from, last != ends_.end() ? last->second : now - length);
    return {begin, begin + length};
}

Occasion DeviceClock::occasion(const std::string& device, SeriesId series, const Told& told) {
    Occasion occasion;
    if (!told.time) {
        occasion.key = told.id.empty() ? 0 : key_of(told.id);
        return occasion;
    }
    const bool is_believed =
        believed(devices_[device].offset.value_or(std::chrono::milliseconds(0)));
    if (told.from && told.from->ms < told.time->ms) {
        const Span span = span_of(series, *told.from, *told.time);
        ends_[series] = span.to;
        // In both memories: whether the clock is believed may change until the message comes again.
        occasion.key = key_of(fmt::format("{}..{}", unix_ms(span.from), unix_ms(span.to)));
        occasion.from = is_believed ? std::optional(span.from) : std::nullopt;
        occasion.time = is_believed ? std::optional(span.to) : std::nullopt;
        return occasion;
    }
    const WallTime time = to_utc(*told.time, host_.clock().wall_now());
    occasion.time = is_believed ? std::optional(time) : std::nullopt;
    if (!told.id.empty()) {
        // With its time: a device that was started again counts its messages from 1 once more.
        occasion.key = key_of(fmt::format("{} {}", told.id, told.time->ms));
    }
    return occasion;
}

Occasion DeviceClock::occasion(const std::string& device, const Told& told) {
    if (told.time) {
        hear(device, *told.time);
    }
    return occasion(device, SeriesId{}, {told.time, {}, told.id});
}

void DeviceClock::end_of_message() {
    ends_.clear();
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
