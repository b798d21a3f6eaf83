// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/vias.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// Side 1 is in, unless somebody named the sides otherwise.
bool first_side_is_in(const Node& event) {
    const std::string first = lower(event["side1_name"].text());
    const std::string second = lower(event["side2_name"].text());
    return !(first == "out" || first == "exit" || second == "in" || second == "enter");
}

void read_vias_line(const Node& event, const When& when, ReportBuilder& out) {
    const std::string id = event["line_id"].text();
    const std::vector<Dimension> door{{"door", id.empty() ? id : "line " + id}};
    const bool in_first = first_side_is_in(event);
    const char* const first = in_first ? "store.footfall.in" : "store.footfall.out";
    const char* const second = in_first ? "store.footfall.out" : "store.footfall.in";
    out.add_count(event, "side1_count", series_info(first, Kind::delta, door), when);
    out.add_count(event, "side2_count", series_info(second, Kind::delta, door), when);
}

void read_vias_event(const Node& event, int number, const When& when, ReportBuilder& out) {
    if (event["side1_count"] || event["side2_count"] || event["line_id"]) {
        read_vias_line(event, when, out);
    } else if (event["crowd_count"]) {
        const std::string zone = fmt::format("region {}", number);
        const auto people = series_info("store.occupancy", Kind::gauge, {{"zone", zone}});
        out.add_count(event, "crowd_count", people, {when.time, {}, when.id});
    } else {
        out.bad(event, "has no count that is known");
    }
}

}  // namespace

Result<Report> parse_vias(const Message& message) {
    const Result<NodeMessage> parsed = NodeMessage::parse(message.body);
    if (!parsed) {
        return parsed.error();
    }
    const Node root = parsed->root();
    const Node data = root["data"];
    if (parsed->is_xml() || !root["event_type"] || !data) {
        return invalid_argument("is no message of VIAS");
    }
    ReportBuilder out;
    out.device = root["stream_id"].text();
    out.state().up = true;
    When when;
    when.time = out.time_of(root, "timestamp");
    const std::optional<double> seconds = data["interval"].number();
    if (when.time && seconds && *seconds > 0) {
        constexpr double kLongest = 86'400;
        const auto ms = static_cast<std::int64_t>(std::min(*seconds, kLongest) * 1000);
        when.from = DeviceTime{when.time->ms - ms, when.time->local};
    } else if (data["interval"] && !data["interval"].is_empty() && !seconds) {
        out.bad(data, "interval", kIsNoNumber);
    }
    if (!data["event_set"]) {
        out.bad(data, "event_set", kIsMissing);
    }
    int number = 0;
    const std::string id = root["message_id"].text();
    for (const Node& event : data.all("event_set")) {
        when.id = id.empty() ? id : fmt::format("{}/{}", id, number);
        read_vias_event(event, ++number, when, out);
    }
    parsed->note_private_fields(out.report);
    return std::move(out.report);
}

}  // namespace cxedge::devices
