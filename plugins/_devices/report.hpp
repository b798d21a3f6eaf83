// SPDX-License-Identifier: Apache-2.0
// What a message of a device says, whatever the device and however the message came: the one shape
// that every format (formats.hpp) gives and the intake (intake.hpp) takes. Plain values; no clock,
// no host. Never holds anything about a single person: what a format finds of that it counts in
// `private_fields` and drops (privacy.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/event.hpp"
#include "agent/model/series.hpp"

#include "plugins/_devices/privacy.hpp"

namespace cxedge::devices {

// A time as a device writes it. With a zone (or as a number since 1970): UTC. Without one: what a
// clock on the wall beside the device showed, and the intake asks the box's time zone.
struct DeviceTime {
    std::int64_t ms = 0;  // since 1970-01-01 00:00, of UTC or of the device's wall
    bool local = false;
    auto operator<=>(const DeviceTime&) const = default;
};

// One number.
struct Reading {
    std::string device;              // as it calls itself; empty: the only one of its message
    SeriesInfo info;                 // without dimension `device`, which the intake adds
    double value = 0;                // a state: index into info.states
    std::optional<DeviceTime> time;  // when; of an interval its end. None: the device did not say
    std::optional<DeviceTime> from;  // the value is about [from, time)
    // Names this reading among those of its series (package and record number, sequence number),
    // the same when the message comes again. Empty: nothing in the message does.
    std::string id;
    bool lost = false;  // the device says that it could not measure
    // A delta of the past that the next total of the device holds too, if it tells totals at all,
    // which its message does not say.
    bool unless_totals = false;
};

// What a message says of a device as such. Empty or none: not said.
struct DeviceState {
    std::string device;
    std::string model;
    std::string firmware;
    std::optional<double> battery;  // percent
    std::optional<bool> up;
    // When the device itself was last heard of by whoever passes its messages on: older than
    // `silent_s`, and what the message says is old news (a broker's retained state).
    std::optional<DeviceTime> last_seen;
    // False: somebody else lists it (a bridge, a broker's memory); whether it lives is not said.
    bool heard = true;
};

// A part of a message that could not be read; the rest counts. `where` is a JSON pointer, an XPath
// or "line 7"; `what` a constant sentence: neither ever repeats a value of the message.
struct BadElement {
    std::string where;
    std::string what;
};

// Something that happened at a device. `event.subject` is the device's name as above (empty: the
// only one), `event.id` is left zero.
struct DeviceEvent {
    Event event;
    // Names a plain fact, the same when the message comes again: told once. Empty: an alarm of
    // which raise and clear of the same name and subject belong together; repetitions are dropped.
    std::string id;
    std::optional<DeviceTime> time;
};

// So many a report keeps; all further ones are a last one without a place.
inline constexpr std::size_t kMostBadElements = 32;

struct Report {
    std::vector<Reading> readings;
    std::vector<DeviceState> devices;
    std::vector<DeviceEvent> events;
    std::vector<BadElement> bad_elements;
    PrivateFields private_fields;
};

// Whether one more bad element is to be kept with its place. If not, it has been noted.
inline bool keeps_bad(Report& report) {
    const std::size_t kept = report.bad_elements.size();
    if (kept == kMostBadElements) {
        report.bad_elements.push_back({{}, "more of the same"});
    }
    return kept < kMostBadElements;
}

inline void add_bad(Report& report, std::string where, std::string what) {
    if (keeps_bad(report)) {
        report.bad_elements.push_back({std::move(where), std::move(what)});
    }
}

}  // namespace cxedge::devices
