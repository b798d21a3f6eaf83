// SPDX-License-Identifier: Apache-2.0
// "Axis Retail Data": what people counters push by themselves, intervals in UTC; and the answer of
// /a3dpc/api/occupancy.
#include "plugins/_devices/formats/axis_parts.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// "adults" are a part of the people by what the camera thinks of them.
void note_ages(const Node& item, ReportBuilder& out) {
    for (const char* name : {"adults", "children"}) {
        if (const Node part = item[name]; part && !part.is_empty()) {
            ++out.report.private_fields["age"];
        }
    }
}

void read_people_item(
    const Node& item, const std::string& door, const When& when, ReportBuilder& out
) {
    note_ages(item, out);
    const std::string direction = lower(item["direction"].text());
    if (direction != "in" && direction != "out") {
        out.bad(item, "direction", "is neither in nor out");
        return;
    }
    const char* const metric = direction == "in" ? "store.footfall.in" : "store.footfall.out";
    out.add_count(item, "count", series_info(metric, Kind::delta, {{"door", door}}), when);
}

// Other kinds of measurement are not about people who pass a door.
void read_people_counts(const Node& counts, const std::string& door, ReportBuilder& out) {
    if (counts["kind"].text() != "people-counts") {
        return;
    }
    std::optional<When> when = out.interval_of(counts, "utcFrom", "utcTo");
    if (!when) {
        return;
    }
    // By their names, whether or not a zone is written.
    when->from->local = false;
    when->time->local = false;
    for (const Node& item : counts.all("items")) {
        read_people_item(item, door, *when, out);
    }
}

// An empty list is what the camera sends when somebody tests the connection.
void read_data_push(const Node& root, ReportBuilder& out) {
    const Node data = root["data"];
    const std::string door = root["sensor"]["name"].text();
    if (!data["measurements"]) {
        out.bad(data, "measurements", kIsMissing);
    }
    for (const Node& each : data.all("measurements")) {
        read_people_counts(each, door, out);
    }
}

void read_axis_occupancy(const Node& root, ReportBuilder& out) {
    When when;
    when.time = out.time_of(root, "timestamp");
    const std::string name = root["name"].text();
    const auto people = series_info("store.occupancy", Kind::gauge, {{"zone", name}});
    out.add_count(root, "occupancy", people, when);
    if (root["total_in"] || root["total_out"]) {
        out.add_count(root, "total_in", axis_daily("store.footfall.in", name), when);
        out.add_count(root, "total_out", axis_daily("store.footfall.out", name), when);
    }
}

}  // namespace

bool read_axis_retail(const Node& root, ReportBuilder& out) {
    if (root["apiName"].text() == "Axis Retail Data" ||
        (root["sensor"] && root["data"]["measurements"])) {
        read_data_push(root, out);
    } else if (root["occupancy"]) {
        read_axis_occupancy(root, out);
    } else {
        return false;
    }
    return true;
}

}  // namespace cxedge::devices
