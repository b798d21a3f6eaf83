// SPDX-License-Identifier: Apache-2.0
// From a device's Report to the host: names, times, idempotency, inventory, complaints. The same
// for every way in which messages come. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/complaints.hpp"
#include "plugins/_devices/device_book.hpp"
#include "plugins/_devices/device_clock.hpp"
#include "plugins/_devices/private_count.hpp"
#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

// Settings that every device plugin has; a plugin's settings derive from it.
struct IntakeSettings {
    std::string device;  // name of the only device; empty: as it calls itself
    // "what it says" = "what we call it", of devices and of dimension values (doors, zones).
    std::vector<std::pair<std::string, std::string>> names;
    std::vector<std::pair<std::string, std::string>> dims;  // of every series; do not replace
    std::string clock = "auto";                             // device, receive, auto
    std::chrono::milliseconds clock_ahead{120'000};         // auto: so far ahead is wrong
    std::chrono::milliseconds clock_behind{7 * 86'400'000};
    std::chrono::milliseconds silent{900'000};  // a device that says nothing for so long is down
    std::int64_t max_series = 2'000;
    std::int64_t max_devices = 256;
};

// T is IntakeSettings or derives from it.
template <class T>
void add_intake_keys(Schema<T>& schema) {
    schema.text("device", &T::device, "Name of the device; empty: as it calls itself");
    schema.text_map("names", &T::names, "What the device says = what it is called here");
    schema.text_map("dims", &T::dims, "Dimensions of every series");
    schema
        .text(
            "clock",
            &T::clock,
            "Whose times count: the device's, those of receipt, or the device's unless wrong"
        )
        .one_of({"auto", "device", "receive"});
    schema.duration("clock_ahead_s", &T::clock_ahead, "auto: a device's clock may be so far ahead")
        .range(1, 86'400);
    schema
        .duration(
            "clock_behind_s",
            &T::clock_behind,
            "auto: so old a reading may be, after the device kept it through an outage"
        )
        .range(1, 31'536'000);
    schema.duration("silent_s", &T::silent, "A device that says nothing for so long is down")
        .range(1, 604'800);
    schema.integer("max_series", &T::max_series, "Series at most").range(1, 100'000);
    schema.integer("max_devices", &T::max_devices, "Devices at most").range(1, 100'000);
}

class Intake {
public:
    // The host outlives it. Declares its own series on the way: device.up, device.battery,
    // device.clock.offset, device.bad_elements, privacy.dropped_fields.
    Intake(Host& host, const IntakeSettings& settings);
    Intake(const Intake&) = delete;
    Intake& operator=(const Intake&) = delete;
    ~Intake();

    // Emits what the report says. A part that is refused is told (a bad element, once) and the rest
    // goes on. exhausted: storage is full; whoever can must ask its sender to send all again.
    Status take(const Report& report);
    // A whole message that could not be read; `where` names it (an address, a file), never quotes.
    void bad_message(std::string_view where, const Error& error);
    // Host::commit().
    void commit(std::function<void(const Status&)> done);

private:
    // Devices of a report that do not speak now.
    struct Absent {
        std::set<std::string> silent;  // the message is old news: none of its readings counts
        std::set<std::string> away;    // told to be down: readings count, and do not bring it up
    };
    Absent take_states(const Report& report);
    void take_state(const DeviceState& told, const std::string& device);
    // A reading that has found its series.
    struct Placed {
        const Reading* reading = nullptr;
        std::string device;
        SeriesId series{};
        double value = 0;
    };
    // exhausted: its series is new and storage has no room for it now.
    Status place(
        const Reading& reading, const std::string& device, bool away, std::vector<Placed>& placed
    );
    static void add_up(std::vector<Placed>& placed);
    // A reading of which it is not known yet whether the totals of its device hold it.
    struct Held {
        Reading reading;
        std::string device;
        SeriesKey key;
    };
    void hold(const Reading& reading, const std::string& device, const SeriesKey& key);
    // Those of devices that are known now to tell no totals.
    std::deque<Held> no_longer_held();
    Status emit(const Placed& placed);
    [[nodiscard]] Result<SeriesInfo> info_of(const Reading& reading, const std::string& device)
        const;
    Result<SeriesId> series_of(const SeriesInfo& info);
    [[nodiscard]] std::string device_of(std::string_view said) const;
    [[nodiscard]] std::string called(std::string_view said) const;
    void take_event(const DeviceEvent& told);
    [[nodiscard]] bool is_news(const DeviceEvent& told, const EventId& id);

    Host& host_;
    const IntakeSettings settings_;
    std::map<std::string, std::string, std::less<>> names_;
    DeviceClock clock_;
    DeviceBook book_;
    Complaints complaints_;
    PrivateCount private_;
    std::map<SeriesKey, std::pair<SeriesId, Kind>> series_;
    std::deque<Held> held_;      // the last ones, oldest first
    std::set<EventId> raised_;   // alarms
    std::deque<EventId> facts_;  // the last ones, oldest first
};

}  // namespace cxedge::devices
