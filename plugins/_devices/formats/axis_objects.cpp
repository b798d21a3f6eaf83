// SPDX-License-Identifier: Apache-2.0
// AXIS Object Analytics: crossline counting (sums since somebody reset them) and occupancy in area,
// as MQTT JSON, as an ONVIF event (XML), or as the answer of its API. Only people: the metrics of a
// shop know no cars. A scenario counts one direction: out if its name says so, else in.
#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/axis_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// One event: the same whatever it came in.
struct AxisEvent {
    std::string topic;
    std::optional<DeviceTime> time;
    std::map<std::string, Node> data;  // by the name in small letters
};

constexpr std::string_view kObjectAnalytics = "ObjectAnalytics/";

// "...ObjectAnalytics/Device1Scenario1CountingInterval" -> "Device1Scenario1".
std::string scenario_of(const AxisEvent& event) {
    for (const char* name : {"scenario", "scenarioname", "name"}) {
        if (const auto found = event.data.find(name); found != event.data.end()) {
            return found->second.text();
        }
    }
    const std::size_t begin = event.topic.find(kObjectAnalytics);
    if (begin == std::string::npos) {
        return {};
    }
    std::string name = event.topic.substr(begin + kObjectAnalytics.size());
    const std::size_t number = name.find_first_of("0123456789", name.find("Scenario"));
    const std::size_t end = name.find_first_not_of("0123456789", number);
    return number == std::string::npos || end == std::string::npos ? name : name.substr(0, end);
}

bool says_out(const std::string& scenario) {
    const std::string words = " " + lower(scenario) + " ";
    for (const char* word :
         {" out ", " exit ", "_out ", "-out ", " leaving ", "_exit ", "-exit "}) {
        if (words.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

// A count of something that is no human: "totalCar", or "car" in the answer of the API.
bool is_other_class(std::string_view name) {
    static constexpr std::string_view kClasses[] = {
        "bike", "bus", "car", "motorcycle", "othervehicle", "truck", "vehicle"};
    return (name.starts_with("total") && name != "total") ||
           std::find(std::begin(kClasses), std::end(kClasses), name) != std::end(kClasses);
}

// People; all there is, if the event does not tell classes apart.
Node people_of(const AxisEvent& event) {
    bool classes = false;
    for (const auto& [name, node] : event.data) {
        if (name == "totalhuman" || name == "human") {
            return node;
        }
        classes = classes || is_other_class(name);
    }
    const auto total = event.data.find("total");
    return classes || total == event.data.end() ? Node() : total->second;
}

constexpr std::string_view kSums = "getAccumulatedCounts";
constexpr std::string_view kPresent = "getOccupancy";

// The answers of the API name their members alike: what they are, the method says.
bool is_area(const AxisEvent& event) {
    if (event.topic == kSums || event.topic == kPresent) {
        return event.topic == kPresent;
    }
    const auto type = event.data.find("scenariotype");
    const std::string told = type == event.data.end() ? event.topic : type->second.text();
    return lower(told).find("occupancy") != std::string::npos || event.data.count("human") != 0;
}

void read_axis_event(const AxisEvent& event, ReportBuilder& out) {
    const Node people = people_of(event);
    if (!people) {
        return;  // an alarm about single objects; nothing is counted
    }
    const std::string scenario = scenario_of(event);
    When when;
    when.time = event.time;
    if (!people.is_empty() && !people.count()) {
        out.bad(people, kIsNoCount);
    } else if (is_area(event)) {
        const auto info = series_info("store.occupancy", Kind::gauge, {{"zone", scenario}});
        out.add_number(people, info, when);
    } else {
        const char* const metric = says_out(scenario) ? "store.footfall.out" : "store.footfall.in";
        const auto info = series_info(metric, Kind::counter, {{"door", scenario}});
        out.add_number(people, info, when);
    }
}

AxisEvent json_event(const Node& root, const Node& data, ReportBuilder& out) {
    AxisEvent event;
    event.topic = root["topic"].text();
    if (event.topic.empty()) {
        event.topic = root["method"].text();
    }
    event.time = out.time_of(data["timestamp"] ? data : root, "timestamp");
    for (const Node& each : data.children()) {
        event.data[lower(each.name())] = each;
    }
    return event;
}

AxisEvent onvif_event(const Node& notification, ReportBuilder& out) {
    AxisEvent event;
    event.topic = notification["Topic"].text();
    const Node message = notification["Message"]["Message"];
    event.time = out.time_of(message, "UtcTime");
    for (const Node& item : message["Data"].all("SimpleItem")) {
        event.data[lower(item["Name"].text())] = item["Value"];
    }
    return event;
}

bool read_onvif_stream(const Node& root, ReportBuilder& out) {
    std::vector<Node> holders = root.all("Event");
    if (holders.empty()) {
        holders.push_back(root);
    }
    bool known = false;
    for (const Node& holder : holders) {
        for (const Node& notification : holder.all("NotificationMessage")) {
            known = true;
            read_axis_event(onvif_event(notification, out), out);
        }
    }
    return known;
}

}  // namespace

bool read_axis_objects(const Node& root, ReportBuilder& out) {
    if (read_onvif_stream(root, out)) {
        return true;
    }
    const bool event = root["topic"].text().find(kObjectAnalytics) != std::string::npos;
    const std::string method = root["method"].text();
    if (event && root["message"]) {
        read_axis_event(json_event(root, root["message"]["data"], out), out);
    } else if (method == kSums || method == kPresent) {
        read_axis_event(json_event(root, root["data"], out), out);
    } else {
        return false;
    }
    return true;
}

}  // namespace cxedge::devices
