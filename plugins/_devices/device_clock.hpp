// SPDX-License-Identifier: Apache-2.0
// Whose time counts (decision 0017). Both are kept: a reading that travels with its device's time
// is in a batch that says when it was received, and device.clock.offset says how far apart they
// were. Thread: the loop's.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

// A clock on the wall beside the device, in the time zone of the box (TZ, /etc/localtime). An hour
// that comes twice is the one nearer to `near`; one that summer time leaves out is an hour later.
WallTime to_utc(DeviceTime time, WallTime near);

enum class ClockPolicy { automatic, device, receive };
// "auto", "device" or "receive", as in settings.
ClockPolicy clock_policy(std::string_view setting);

class DeviceClock {
public:
    DeviceClock(
        Host& host,
        ClockPolicy policy,
        std::chrono::milliseconds ahead,
        std::chrono::milliseconds behind
    );

    // First, for every reading of a message that has a time: the newest of a device says whether
    // its clock is believed, for all of the message.
    void hear(const std::string& device, const DeviceTime& time);
    struct Told {
        std::optional<DeviceTime> time;
        std::optional<DeviceTime> from;
        std::string_view id;
    };
    // What to emit for a reading of a device that was heard. An interval is named by its own times,
    // believed or not.
    Occasion occasion(const std::string& device, SeriesId series, const Told& told);
    // Of a message that is nothing but this reading, without an interval.
    Occasion occasion(const std::string& device, const Told& told);
    // Raises and clears `device.clock_wrong` and emits device.clock.offset by the newest reading.
    void end_of_message();

private:
    struct Device {
        std::optional<std::chrono::milliseconds> offset;  // newest of the message; + is ahead
        std::optional<SeriesId> series;
        std::optional<EventId> wrong;
    };
    [[nodiscard]] bool believed(std::chrono::milliseconds offset) const;
    struct Span {
        WallTime from{};
        WallTime to{};
    };
    [[nodiscard]] Span span_of(SeriesId series, DeviceTime from, DeviceTime to) const;
    void tell(const std::string& name, Device& device);

    Host& host_;
    ClockPolicy policy_;
    std::chrono::milliseconds ahead_;
    std::chrono::milliseconds behind_;
    std::map<std::string, Device> devices_;
    std::map<SeriesId, WallTime> ends_;  // of the last interval of this message
};

}  // namespace cxedge::devices
