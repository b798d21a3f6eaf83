// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/hikvision_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

struct HikvisionAlarm {
    std::string_view type;  // in small letters
    const char* name;
    const char* text;
};

constexpr HikvisionAlarm kHikvisionAlarms[] = {
    {"videoloss", "device.alarm.video_loss", "the camera lost its picture"},
    {"shelteralarm", "device.alarm.tamper", "somebody covers the camera"},
    {"tamperdetection", "device.alarm.tamper", "somebody covers the camera"},
    {"scenechangedetection", "device.alarm.scene_change", "the camera was turned"},
    {"defocus", "device.alarm.defocus", "the camera's picture is not sharp"},
    {"diskfull", "device.alarm.disk", "the camera's disk is full"},
    {"diskerror", "device.alarm.disk", "the camera's disk does not work"},
    {"nicbroken", "device.alarm.network", "the camera's network is down"},
    {"ipconflict", "device.alarm.network", "another device has the camera's address"},
    {"illaccess", "device.alarm.login", "somebody tried wrong passwords at the camera"}};

// What an alert always has. Some firmware sends them empty, and what follows is to be read all the
// same (home-assistant #173174).
constexpr const char* kHikvisionNeeded[] = {
    "channelID", "dynChannelID", "dateTime", "activePostCount", "eventType", "eventState"};

void note_empty(const Node& alert, ReportBuilder& out) {
    for (const char* name : kHikvisionNeeded) {
        if (const Node node = alert[name]; node.is_empty()) {
            out.bad(node, kIsEmpty);
        }
    }
    const Node posts = alert["activePostCount"];
    if (posts && !posts.is_empty() && !posts.count()) {
        out.bad(posts, kIsNoCount);
    }
}

std::string channel_of(const Node& alert) {
    for (const char* name : {"channelID", "dynChannelID", "channel"}) {
        if (std::string channel = alert[name].text(); !channel.empty()) {
            return channel;
        }
    }
    return {};
}

// The camera by its own number or its address; each further channel of a recorder is a device.
void set_hikvision_device(const Node& alert, ReportBuilder& out) {
    for (const char* name : {"deviceID", "ipAddress", "ipv6Address", "macAddress"}) {
        if (out.device.empty()) {
            out.device = alert[name].text();
        }
    }
    const std::string channel = channel_of(alert);
    if (!out.device.empty() && !channel.empty() && channel != "0" && channel != "1") {
        out.device += " channel " + channel;
    }
    out.state().up = true;
}

std::string counting_door(const Node& alert, const Node& counting, const char* region_name) {
    std::string door = alert["channelName"].text();
    const std::string channel = channel_of(alert);
    if (door.empty() && !channel.empty()) {
        door = "channel " + channel;
    }
    const std::string region = counting[region_name].text();
    return region.empty() || region == "1" ? door : door + " region " + region;
}

// realTime: sums since the camera's last reset; timeRange and signalTrigger: of an interval.
void read_counting(const Node& alert, const Node& counting, ReportBuilder& out) {
    const Node range = counting["TimeRange"];
    const bool is_sum = counting["statisticalMethods"].text() == "realTime" || !range;
    std::optional<When> when;
    if (is_sum) {
        const Node own = counting["RealTime"];
        when =
            When{out.time_of(own["time"] ? own : alert, own["time"] ? "time" : "dateTime"), {}, {}};
    } else {
        when = out.interval_of(range, "startTime", "endTime");
    }
    if (!when) {
        return;
    }
    const std::vector<Dimension> door{{"door", counting_door(alert, counting, "regionsID")}};
    const Kind kind = is_sum ? Kind::counter : Kind::delta;
    out.add_count(counting, "enter", series_info("store.footfall.in", kind, door), *when);
    out.add_count(counting, "exit", series_info("store.footfall.out", kind, door), *when);
    if (counting["pass"]) {
        const std::vector<Dimension> front{{"front", door[0].value}};
        out.add_count(counting, "pass", series_info("store.passby", kind, front), *when);
    }
}

// -1: out, 1: in, 0: neither.
int target_way(const Node& counted) {
    const std::string way = lower(counted["statisticalDirection"].text());
    return way == "forward" ? 1 : (way == "backward" || way == "back" ? -1 : 0);
}

// "realTime": sums; else of the interval that the alert tells.
void read_target_counts(const Node& alert, const Node& list, ReportBuilder& out) {
    const std::string method = lower(alert["statisticalMethod"].text());
    const bool is_sum = method.empty() || method == "realtime";
    const auto when = is_sum ? std::optional(When{out.time_of(alert, "dateTime"), {}, {}})
                             : out.interval_of(alert, "startTime", "endTime");
    if (!when) {
        return;
    }
    const std::string door = counting_door(alert, list["ruleID"] ? list : alert, "ruleID");
    for (const Node& counted : list.all("DataList")) {
        if (const int way = target_way(counted); way != 0) {
            const char* const metric = way > 0 ? "store.footfall.in" : "store.footfall.out";
            const Kind kind = is_sum ? Kind::counter : Kind::delta;
            out.add_count(
                counted, "humanCount", series_info(metric, kind, {{"door", door}}), *when
            );
        } else {
            out.bad(counted, "statisticalDirection", "is neither forward nor backward");
        }
    }
}

void read_target_lists(const Node& alert, ReportBuilder& out) {
    const std::vector<Node> lists = alert.all("CountingList");
    if (lists.empty()) {
        out.bad(alert, "CountingList", kIsMissing);
    }
    for (const Node& list : lists) {
        if (list.all("DataList").empty()) {
            out.bad(list, "DataList", kIsMissing);
        } else {
            read_target_counts(alert, list, out);
        }
    }
}

// Children are counted apart from all people: a part by what the camera thinks of them.
void note_children(const Node& alert, ReportBuilder& out) {
    for (const Node& each : alert["childCounting"].children()) {
        if (!each.is_empty()) {
            ++out.report.private_fields["age"];
        }
    }
}

std::string queue_of(const Node& region) {
    const Node rule = region["rule"] ? region["rule"] : region;
    for (const char* name : {"ruleID", "regionID", "id"}) {
        if (const std::string number = rule[name].text(); !number.empty()) {
            return "region " + number;
        }
    }
    return {};
}

void read_queue_length(const Node& alert, ReportBuilder& out) {
    std::vector<Node> regions = alert.all("RegionCapture");
    if (regions.empty()) {
        out.bad(alert, "RegionCapture", kIsMissing);
        return;
    }
    When when;
    when.time = out.time_of(alert, "dateTime");
    for (const Node& region : regions) {
        const auto info =
            series_info("store.queue.length", Kind::gauge, {{"queue", queue_of(region)}});
        out.add_count(
            region["humanCounting"] ? region["humanCounting"] : region, "count", info, when
        );
    }
}

void read_state_alarm(const Node& alert, const HikvisionAlarm& alarm, ReportBuilder& out) {
    const std::string state = lower(alert["eventState"].text());
    if (state != "active" && state != "inactive") {
        if (!state.empty()) {
            out.bad(alert, "eventState", "is neither active nor inactive");
        }
        return;
    }
    out.alarm(alarm.name, state == "active", alarm.text, alert["dateTime"].time());
}

const HikvisionAlarm* find_alarm(std::string_view type) {
    const auto* const found = std::find_if(
        std::begin(kHikvisionAlarms),
        std::end(kHikvisionAlarms),
        [&](const HikvisionAlarm& each) { return each.type == type; }
    );
    return found == std::end(kHikvisionAlarms) ? nullptr : found;
}

void add_wait(
    const Node& value,
    const std::string& queue,
    const std::string& id,
    const When& when,
    ReportBuilder& out
) {
    const auto info = series_info("store.queue.wait", Kind::histogram, {{"queue", queue}});
    const std::optional<double> seconds = value.number();
    if (!value || !seconds || *seconds < 0) {
        out.bad(value, value.is_empty() ? kIsEmpty : kIsNoNumber);
        return;
    }
    out.add(info, *seconds, {when.time, {}, id});
}

// <description>waitTime</description><value>600</value>, also several pairs in one Property.
void add_wait_values(const Node& property, std::vector<Node>& waits) {
    bool wait = false;
    for (const Node& each : property.children()) {
        if (each.name() == "description") {
            wait = each.text() == "waitTime";
        } else if (each.name() == "value" && wait) {
            waits.push_back(each);
        }
    }
}

void read_target(const Node& target, const When& when, ReportBuilder& out) {
    const std::string queue = queue_of(target);
    const std::string id = fmt::format(
        "{}/{}/{}",
        when.time ? when.time->ms : 0,
        target["targetID"].text(),  // only hashed
        queue
    );
    std::vector<Node> waits;
    for (const Node& property : target["PropertyList"].all("Property")) {
        add_wait_values(property, waits);
    }
    for (const Node& wait : waits) {
        add_wait(wait, queue, id, when, out);
    }
    if (waits.empty()) {
        out.bad(target, "PropertyList", "has no wait time");
    }
}

void read_queue_alert(const Node& alert, ReportBuilder& out) {
    const Node wait = alert.find("waitTime");
    if (!wait) {
        out.bad(alert, "waitTime", kIsMissing);
        return;
    }
    const auto when = When{out.time_of(alert, "dateTime"), {}, {}};
    const std::string id =
        fmt::format("{}/{}", when.time ? when.time->ms : 0, alert.find("targetID").text());
    add_wait(wait, queue_of(alert["RegionCapture"]), id, when, out);
}

// By the type of an alert in small letters.
void read_alert_of_type(const Node& alert, const std::string& type, ReportBuilder& out) {
    if (type == "peoplecounting") {
        out.bad(alert, "peopleCounting", kIsMissing);
    } else if (type == "personqueuecounting" || type == "personqueuerealtime") {
        read_queue_length(alert, out);
    } else if (type == "personqueuetime") {
        read_queue_alert(alert, out);
    } else if (type == "regiontargetnumbercounting") {
        read_target_lists(alert, out);
    } else if (const HikvisionAlarm* const alarm = find_alarm(type)) {
        read_state_alarm(alert, *alarm, out);
    } else if (type.find("count") != std::string::npos) {
        out.bad(alert, "eventType", "counts something in a way that is not known");
    }
}

}  // namespace

void read_hikvision_alert(const Node& alert, ReportBuilder& out) {
    set_hikvision_device(alert, out);
    note_empty(alert, out);
    note_children(alert, out);
    // One for each of its regions.
    const std::vector<Node> countings = alert.all("peopleCounting");
    for (const Node& counting : countings) {
        read_counting(alert, counting, out);
    }
    if (countings.empty()) {
        read_alert_of_type(alert, lower(alert["eventType"].text()), out);
    }
}

void read_hikvision_queue_time(const Node& metadata, ReportBuilder& out) {
    set_hikvision_device(metadata["DevInfo"], out);
    When when;
    when.time = out.time_of(metadata, "time");
    const std::vector<Node> targets = metadata["TargetDetection"]["TargetList"].all("Target");
    if (targets.empty()) {
        out.bad(metadata, "TargetDetection", kIsEmpty);
    }
    for (const Node& target : targets) {
        read_target(target, when, out);
    }
}

}  // namespace cxedge::devices
