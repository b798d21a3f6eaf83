// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/brickstream.hpp"

#include <utility>

#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

constexpr std::int64_t kBrickDayMs = 86'400'000;

// Without the name of the message; JSON may have it as its only member.
Node unwrapped(const Node& root) {
    for (const char* name : {"Metrics", "RTMetrics", "RealTimeMetrics"}) {
        if (const Node inner = root[name]) {
            return inner;
        }
    }
    return root;
}

// JSON names a list "Object" or "Objects".
std::vector<Node> list_named(const Node& parent, const std::string& name) {
    std::vector<Node> found = parent.all(name);
    return found.empty() ? parent.all(name + "s") : found;
}

void set_brickstream_device(const Node& metrics, ReportBuilder& out) {
    const Node properties = metrics["Properties"] ? metrics["Properties"] : metrics;
    for (const Node& node :
         {metrics["DeviceId"],
          metrics["Devicename"],
          properties["SerialNumber"],
          properties["MacAddress"]}) {
        if (out.device.empty()) {
            out.device = node.text();
        }
    }
    DeviceState& state = out.state();
    state.up = true;
    state.model = as_name(properties["HwPlatform"].text());
    state.firmware = as_name(properties["SwRelease"].text());
}

std::string zone_name(const Node& object) {
    const std::string name = object["Name"].text();
    if (!name.empty()) {
        return name;
    }
    const std::string id = object["Id"].text();
    return id.empty() ? id : "zone " + id;
}

// Of a report without date: by the clock's time alone nothing can be said.
std::optional<DeviceTime> brick_time(const std::string& date, const Node& clock) {
    return parse_time(date + " " + clock.text());
}

// Seconds since 1970 where the sensor tells them, else its clock on the wall. A last interval ends
// at 00:00 of the next day.
std::optional<When> brick_interval(const std::string& date, const Node& count, ReportBuilder& out) {
    std::optional<DeviceTime> from = brick_time(date, count["StartTime"]);
    std::optional<DeviceTime> to = brick_time(date, count["EndTime"]);
    if (!from || !to) {
        out.bad(count, from ? "EndTime" : "StartTime", kIsNoTime);
        return std::nullopt;
    }
    if (to->ms <= from->ms) {
        to->ms += kBrickDayMs;
    }
    const Node unix_start = count["UnixStartTime"];
    const std::optional<double> start = unix_start ? unix_start.number() : std::nullopt;
    if (const auto utc = start && *start > 0 ? epoch_time(*start) : std::nullopt) {
        to = DeviceTime{utc->ms + to->ms - from->ms, false};
        from = utc;
    }
    return When{to, from, {}};
}

void read_brick_count(
    const std::string& date,
    const std::vector<Dimension>& door,
    const Node& count,
    ReportBuilder& out
) {
    const std::optional<When> when = brick_interval(date, count, out);
    if (!when) {
        return;
    }
    const std::size_t before = out.report.readings.size();
    out.add_count(count, "Enters", series_info("store.footfall.in", Kind::delta, door), *when);
    out.add_count(count, "Exits", series_info("store.footfall.out", Kind::delta, door), *when);
    // Status 1: the sensor was off and fills in zeroes. Other zeroes are real.
    bool zeroes = true;
    for (std::size_t i = before; i < out.report.readings.size(); ++i) {
        zeroes = zeroes && out.report.readings[i].value <= 0;
    }
    for (std::size_t i = before; i < out.report.readings.size(); ++i) {
        out.report.readings[i].lost = zeroes && count["Status"].text() == "1";
    }
}

void read_report_data(const Node& data, ReportBuilder& out) {
    for (const Node& report : list_named(data, "Report")) {
        const std::string date = report["Date"].text();
        for (const Node& object : list_named(report, "Object")) {
            const std::vector<Node> counts = list_named(object, "Count");
            if (counts.empty()) {
                out.bad(object, "Count", kIsMissing);
            }
            const std::vector<Dimension> door{{"door", zone_name(object)}};
            for (const Node& count : counts) {
                read_brick_count(date, door, count, out);
            }
        }
    }
}

// Sums since the sensor was started.
void read_real_time(const Node& report, ReportBuilder& out) {
    When when;
    when.time = out.time_of(report, "Date");
    for (const Node& object : list_named(report, "RTObject")) {
        const std::vector<Dimension> door{{"door", zone_name(object)}};
        for (const Node& count : list_named(object, "RTCount")) {
            out.add_count(
                count, "TotalEnters", series_info("store.footfall.in", Kind::counter, door), when
            );
            out.add_count(
                count, "TotalExits", series_info("store.footfall.out", Kind::counter, door), when
            );
        }
    }
}

// A heartbeat or a diagnostic message says only that the sensor is there.
bool is_sign_of_life(const Node& root, const Node& metrics) {
    const std::string name = lower(root.name());
    for (const char* part : {"heartbeat", "diagnostic", "alert", "status"}) {
        if (name.find(part) != std::string::npos || root[part]) {
            return true;
        }
    }
    return metrics["Properties"] && metrics["DeviceId"];
}

}  // namespace

Result<Report> parse_brickstream(const Message& message) {
    const Result<NodeMessage> parsed = NodeMessage::parse(message.body);
    if (!parsed) {
        return parsed.error();
    }
    const Node root = parsed->root();
    const Node metrics = unwrapped(root);
    const std::vector<Node> data = metrics.all("ReportData");
    const std::vector<Node> live = list_named(metrics, "RTReport");
    if (data.empty() && live.empty() && !is_sign_of_life(root, metrics)) {
        return invalid_argument("is no message of a Brickstream sensor");
    }
    ReportBuilder out;
    set_brickstream_device(metrics, out);
    for (const Node& each : data) {
        read_report_data(each, out);
    }
    for (const Node& each : live) {
        read_real_time(each, out);
    }
    parsed->note_private_fields(out.report);
    return std::move(out.report);
}

}  // namespace cxedge::devices
