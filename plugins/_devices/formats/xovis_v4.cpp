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
    const Resolution* const known =
        std::find_if(std::begin(kResolutions), std::end(kResolutions), [&](const Resolution& each) {
            return each.name == name;
        });
    return known == std::end(kResolutions) ? std::nullopt : std::optional(known->ms);
}

// What its measurements share: looked for once, there may be many of them.
class V4Element {
public:
    explicit V4Element(const Node& element)
        : element_(element), resolution_(resolution_of(element)) {
        type_ = element["data-type"].text();
        place_.name = element["element-name"].text();
        if (place_.name.empty() && element["element-id"]) {
            place_.name = "element " + element["element-id"].text();
        }
        place_.is_line = type_.empty() || type_.find("LINE") != std::string::npos;
    }

    // Means of several people: no distribution can be made of them.
    [[nodiscard]] bool is_mean() const {
        return type_.find("DWELL") != std::string::npos || type_.find("WAIT") != std::string::npos;
    }
    [[nodiscard]] bool is_of_people() const { return counts_people(type_); }
    [[nodiscard]] const XovisPlace& place() const { return place_; }

    // Of the measurement, or of its element.
    std::optional<When> interval(const Node& measurement, ReportBuilder& out) {
        if (measurement["to"]) {
            return interval_in(measurement, out);
        }
        if (!own_is_read_) {
            own_is_read_ = true;
            own_ = interval_in(element_, out);
        }
        return own_;
    }

private:
    // Without a beginning, by the resolution.
    std::optional<When> interval_in(const Node& holder, ReportBuilder& out) {
        if (holder["from"]) {
            return out.interval_of(holder, "from", "to");
        }
        When when;
        when.time = out.time_of(holder, "to");
        if (resolution_ && when.time) {
            when.from = DeviceTime{when.time->ms - *resolution_, when.time->local};
        }
        return when.time ? std::optional(when) : std::nullopt;
    }

    const Node element_;
    const std::optional<std::int64_t> resolution_;
    std::string type_;
    XovisPlace place_;
    bool own_is_read_ = false;
    std::optional<When> own_;
};

// `<value label="fw">1</value>`, `{"label": "fw", "value": 1}`, or `<fw>1</fw>` beside the times.
bool add_v4_values(const Node& measurement, const XovisPlace& place, ReportBuilder& out) {
    bool any_known = false;
    for (const Node& each : measurement.all("value")) {
        const Node value = each["value"] ? each["value"] : each;
        any_known = add_xovis_count(out, place, {each["label"].text(), value, each}) || any_known;
    }
    for (const char* label : {"fw", "bw", "forward", "backward", "count"}) {
        if (const Node value = measurement[label]) {
            any_known = add_xovis_count(out, place, {label, value, measurement}) || any_known;
        }
    }
    return any_known;
}

void read_measurement(const Node& measurement, V4Element& element, ReportBuilder& out) {
    const std::optional<When> when = element.interval(measurement, out);
    if (!when) {
        return;
    }
    XovisPlace place = element.place();
    place.when = *when;
    if (!add_v4_values(measurement, place, out)) {
        out.bad(measurement, "value", "has no count with a known label");
    }
}

void read_element(const Node& element, ReportBuilder& out) {
    const std::vector<Node> measurements = element.all("measurement");
    if (measurements.empty()) {
        out.bad(element, "measurement", kIsMissing);
    }
    V4Element shared(element);
    if (shared.is_mean() || !shared.is_of_people()) {
        return;
    }
    for (const Node& measurement : measurements) {
        read_measurement(measurement, shared, out);
    }
}

void read_content(const Node& content, ReportBuilder& out) {
    const std::vector<Node> elements = content.all("element");
    if (elements.empty()) {
        out.bad(content, "element", content["element"] ? kIsEmpty : kIsMissing);
    }
    XovisNames names;
    for (const Node& element : elements) {
        const std::size_t first = out.report.readings.size();
        read_element(element, out);
        names.tell_apart(out.report, first, element["element-id"].text());
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
void read_v4_line(const Node& event, const std::string& place, ReportBuilder& out) {
    const std::string direction = lower(event["direction"].text());
    if (direction != "forward" && direction != "backward") {
        out.bad(event, "direction", "is neither forward nor backward");
        return;
    }
    emit_v4_event(event, xovis_passage(direction == "forward", place), 1, out);
}

void read_v4_entry(const Node& event, const std::string& place, ReportBuilder& out) {
    const auto visits = series_info("store.zone.visits", Kind::delta, {{"zone", place}});
    emit_v4_event(event, visits, 1, out);
}

void read_v4_level(const Node& event, const std::string& place, ReportBuilder& out) {
    const auto people = series_info("store.occupancy", Kind::gauge, {{"zone", place}});
    for (const char* name : {"fillLevel", "level", "value", "count"}) {
        const Node level = event[name] ? event[name] : event["countItem"][name];
        if (level.number()) {
            emit_v4_event(event, people, *level.number(), out);
            return;
        }
    }
}

void read_v4_dwell(const Node& event, const std::string& place, ReportBuilder& out) {
    const std::optional<double> ms = event["dwellTime"].number();
    const auto dwell = series_info("store.dwell", Kind::histogram, {{"zone", place}});
    if (ms && *ms >= 0) {
        emit_v4_event(event, dwell, *ms / 1000, out);
    } else if (event["dwellTime"]) {
        out.bad(event, "dwellTime", kIsNoNumber);
    }
}

void read_v4_event(const Node& event, ReportBuilder& out) {
    using ReadEvent = void (*)(const Node&, const std::string&, ReportBuilder&);
    static constexpr std::pair<std::string_view, ReadEvent> kEvents[] = {
        {"LineCount", read_v4_line},
        {"CountZoneEntry", read_v4_entry},
        {"FillLevelChanged", read_v4_level},
        {"ZoneDwellTime", read_v4_dwell}};
    const std::string type = event["type"].text();
    const std::string place = event["countItem"]["name"].text();
    for (const auto& [name, read] : kEvents) {
        if (name == type) {
            read(event, place, out);
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
            out.bad(event, "type", kIsMissing);
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
