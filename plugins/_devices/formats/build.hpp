// SPDX-License-Identifier: Apache-2.0
// What formats share in making a Report. Include in .cpp files only. Pure. Thread: any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/_devices/formats/node.hpp"
#include "plugins/_devices/report.hpp"

namespace cxedge::devices {

inline constexpr const char* kIsMissing = "is missing";
inline constexpr const char* kIsEmpty = "is empty";
inline constexpr const char* kIsNoNumber = "is not a number";
inline constexpr const char* kIsNoCount = "is not a count";
inline constexpr const char* kIsNoTime = "is not a time";
inline constexpr const char* kIsNoInterval = "the interval does not end after it begins";

// A device's words as the value of a dimension: valid UTF-8, no control characters, not too long.
std::string as_name(std::string_view text);
// Dimensions without a value are left out, the others made presentable.
SeriesInfo series_info(std::string metric, Kind kind, const std::vector<Dimension>& dims = {});

// When and which: what the readings of one record have in common.
struct When {
    std::optional<DeviceTime> time;
    std::optional<DeviceTime> from;
    std::string id;
};

// True: it is an interval, as far as that can be told without a time zone.
bool is_interval(const DeviceTime& from, const DeviceTime& to);

class ReportBuilder {
public:
    Report report;
    std::string device;  // of what is added from now on

    void bad(std::string where, std::string what);
    // As bad(), about `node` or about `parent`'s member, there or missing. To tell the place costs
    // a walk through the message: only complaints that are kept pay for it.
    void bad(const Node& node, std::string what);
    void bad(const Node& parent, std::string_view name, std::string what);
    void bad(const std::function<std::string()>& where, std::string what);
    // An interval that is none is left out of the reading, and told by whoever read it.
    void add(SeriesInfo info, double value, const When& when);
    // The number at `node`, which is there, or a bad element.
    void add_number(const Node& node, SeriesInfo info, const When& when);
    // As add_number(), for `parent`'s member: a count of things, never negative or broken.
    void add_count(const Node& parent, std::string_view name, SeriesInfo info, const When& when);
    // The time of `parent`'s member; none: there is none, or told as a bad element.
    std::optional<DeviceTime> time_of(const Node& parent, std::string_view name);
    // Both ends of an interval; empty: told as bad elements.
    std::optional<When> interval_of(const Node& parent, std::string_view from, std::string_view to);
    // The device was heard of.
    DeviceState& state();
    // An alarm of the device: raised or cleared. `name` is a constant.
    void alarm(
        const char* name, bool raised, const char* text, std::optional<DeviceTime> time = {}
    );
};

}  // namespace cxedge::devices
