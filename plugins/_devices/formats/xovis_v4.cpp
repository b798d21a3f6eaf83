// SPDX-License-Identifier: Apache-2.0
// Firmware 3 and 4: content.element[].measurement[].value[] as JSON or XML, and events.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/xovis_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

struct Resolution {
    std::string_view name;
    std::int64_t ms;
};

constexpr std::int64_t kMinuteMs = 60'000;
constexpr Resolution kResolutions[] = {
    {"ONE_MINUTE", kMinuteMs},
    {"FIVE_MINUTES", 5 * kMinuteMs},
    {"TEN_MINUTES", 10 * kMinuteMs},
    {"FIFTEEN_MINUTES", 15 * kMinuteMs},
    {"THIRTY_MINUTES", 30 * kMinuteMs},
    {"ONE_HOUR", 60 * kMinuteMs},
    {"SIXTY_MINUTES", 60 * kMinuteMs},
    {"TWENTY_FOUR_HOURS", 1440 * kMinuteMs},
    {"ONE_DAY", 1440 * kMinuteMs}};

void set_v4_device(const Node& root, ReportBuilder& out) {
    const Node info = root["sensor-info"];
    const std::string serial = info["serial-number"].text();
    out.device = serial.empty() ? info["name"].text() : serial;
    DeviceState& state = out.state();
    state.up = true;
    state.model = as_name(info["device-type"].text());
    state.firmware = as_name(info["sw-version"].text());
}

std::optional<std::int64_t> resolution_of(const Node& element) {
    const std::string name = element["resolution"].text();
    const auto known =
        std::find_if(std::begin(kResolutions), std::end(kResolutions), [&](const Resolution& each) {
            return each.name == name;
        });
    return known == std::end(kResolutions) ? std::nullopt : std::optional(known->ms);
}

// Of the measurement, or of its element; without a beginning, by the resolution.
std::optional<When> v4_interval(const Node& measurement, const Node& element, ReportBuilder& out) {
    const Node& holder = measurement["to"] ? measurement : element;
    if (holder["from"]) {
        return out.interval_of(holder, "from", "to");
    }
    When when;
    when.time = out.time_of(holder, "to");
    if (const auto length = resolution_of(element); length && when.time) {
        when.from = DeviceTime{when.time->ms - *length, when.time->local};
    }
    return when.time ? std::optional(when) : std::nullopt;
}

// `<value label="fw">1</value>`, `{"label": "fw", "value": 1}`, or `<fw>1</fw>` beside the times.
bool add_v4_values(const Node& measurement, const XovisPlace& place, ReportBuilder& out) {
    bool any_known = false;
    for (const Node& each : measurement.all("value")) {
        const Node value = each["value"] ? each["value"] : each;
        any_known =
            add_xovis_count(out, place, {each["label"].text(), value, value.where()}) || any_known;
    }
    for (const char* label : {"fw", "bw", "forward", "backward", "count"}) {
        if (const Node value = measurement[label]) {
            any_known = add_xovis_count(out, place, {label, value, value.where()}) || any_known;
        }
    }
    return any_known;
}

void read_measurement(const Node& measurement, const Node& element, ReportBuilder& out) {
    const std::string type = element["data-type"].text();
    if (type.find("DWELL") != std::string::npos || type.find("WAIT") != std::string::npos) {
        return;  // means of several people: no distribution can be made of them
    }
    XovisPlace place;
    place.name = element["element-name"].text();
    if (place.name.empty() && element["element-id"]) {
        place.name = "element " + element["element-id"].text();
    }
    place.is_line = type.empty() || type.find("LINE") != std::string::npos;
    const std::optional<When> when = v4_interval(measurement, element, out);
    if (!when) {
        return;
    }
    place.when = *when;
    if (!add_v4_values(measurement, place, out)) {
        out.bad(measurement.where("value"), "has no count with a known label");
    }
}

void read_content(const Node& content, ReportBuilder& out) {
    const std::vector<Node> elements = content.all("element");
    if (elements.empty()) {
        out.bad(content.where("element"), content["element"] ? kIsEmpty : kIsMissing);
    }
    for (const Node& element : elements) {
        const std::vector<Node> measurements = element.all("measurement");
        if (measurements.empty()) {
            out.bad(element.where("measurement"), kIsMissing);
        }
        for (const Node& measurement : measurements) {
            read_measurement(measurement, element, out);
        }
    }
}

void emit_v4_event(const Node& event, SeriesInfo info, double value, ReportBuilder& out) {
    When when;
    when.time = out.time_of(event, "timestamp");
    when.id = fmt::format(
        "{}/{}/{}/{}/{}",
        when.time ? when.time->ms : 0,
        event["type"].text(),
        event["direction"].text(),
        event["object"]["id"].text(),  // only hashed
        event["countItem"]["id"].text()
    );
    out.add(std::move(info), value, when);
}

// Crossings and entries of tracks ("LineCrossing", "ZoneEntry") are no counts: a counted one
// comes again as "LineCount", "CountZoneEntry".
void read_v4_event(const Node& event, ReportBuilder& out) {
    const std::string type = event["type"].text();
    const Node item = event["countItem"];
    const std::string place = item["name"].text();
    if (type == "LineCount") {
        const std::string direction = lower(event["direction"].text());
        if (direction != "forward" && direction != "backward") {
            out.bad(event.where("direction"), "is neither forward nor backward");
            return;
        }
        emit_v4_event(event, xovis_passage(direction == "forward", place), 1, out);
    } else if (type == "CountZoneEntry") {
        const auto visits = series_info("store.zone.visits", Kind::delta, {{"zone", place}});
        emit_v4_event(event, visits, 1, out);
    } else if (type == "FillLevelChanged") {
        for (const char* name : {"fillLevel", "level", "value", "count"}) {
            const Node level = event[name] ? event[name] : item[name];
            const auto people = series_info("store.occupancy", Kind::gauge, {{"zone", place}});
            if (level.number()) {
                emit_v4_event(event, people, *level.number(), out);
                return;
            }
        }
    } else if (type == "ZoneDwellTime" && event["dwellTime"]) {
        const std::optional<double> ms = event["dwellTime"].number();
        const auto dwell = series_info("store.dwell", Kind::histogram, {{"zone", place}});
        if (ms && *ms >= 0) {
            emit_v4_event(event, dwell, *ms / 1000, out);
        } else {
            out.bad(event.where("dwellTime"), kIsNoNumber);
        }
    }
}

void read_v4_events(const std::vector<Node>& events, ReportBuilder& out) {
    for (const Node& event : events) {
        if (event["serial"]) {
            out.device = event["serial"].text();
        }
        out.state().up = true;
        if (!event["type"]) {
            out.bad(event.where("type"), kIsMissing);
        }
        read_v4_event(event, out);
    }
}

// A sensor that cannot count says so in place of the counts.
void read_v4_status(const Node& root, ReportBuilder& out) {
    const Node code = root["status"]["code"];
    if (code && !code.is_empty()) {
        const bool good = code.text() == "OK";
        out.alarm("device.alarm.device", !good, "the sensor says that something is wrong with it");
    }
}

}  // namespace

bool read_xovis_v4(const Node& root, ReportBuilder& out) {
    if (const std::vector<Node> events = root.all("values");
        !events.empty() && events[0]["countItem"]) {
        read_v4_events(events, out);
        return true;
    }
    const Node below = root.find("content");
    const Node content = below["element"] ? below : root["content"];
    if (!content && !root["sensor-info"]) {
        return false;
    }
    set_v4_device(root, out);
    read_v4_status(root, out);
    if (content) {
        read_content(content, out);
    }
    return true;
}

}  // namespace cxedge::devices
