// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/axis.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/core.h>

#include "plugins/_devices/csv.hpp"
#include "plugins/_devices/device_time.hpp"
#include "plugins/_devices/formats/axis_parts.hpp"
#include "plugins/_devices/plain_text.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::devices {
namespace {

// The serial number, because names may be the same in every camera of a shop.
void set_axis_device(const Node& message, ReportBuilder& out) {
    const Node sensor = message["sensor"];
    for (const Node& node : {message["serial"], message["device"], sensor["serial"]}) {
        if (out.device.empty()) {
            out.device = node.text();
        }
    }
    out.state().up = true;
    out.state().firmware = as_name(sensor["applicationVersion"].text());
}

// People Counter, live: sums of the day, by a clock without a zone.
void read_live_sum(const Node& root, ReportBuilder& out) {
    When when;
    when.time = out.time_of(root, "timestamp");
    const std::string door = root["name"].text();
    out.add_count(root, "in", axis_daily("store.footfall.in", door), when);
    out.add_count(root, "out", axis_daily("store.footfall.out", door), when);
}

// Queue Monitor, live: region1name, region1people, ...
bool read_queue_sum(const Node& root, ReportBuilder& out) {
    constexpr int kMostRegions = 16;
    bool any = false;
    When when;
    for (int i = 1; i <= kMostRegions; ++i) {
        const std::string people = fmt::format("region{}people", i);
        if (!root[people]) {
            continue;
        }
        when.time = any ? when.time : out.time_of(root, "timestamp");
        any = true;
        std::string queue = root[fmt::format("region{}name", i)].text();
        queue = queue.empty() ? fmt::format("region {}", i) : queue;
        const auto info = series_info("store.queue.length", Kind::gauge, {{"queue", queue}});
        out.add_count(root, people, info, when);
    }
    return any;
}

// 3D People Counter, export: {"data": [{"start", "end", "in", "out"}]}.
void read_export(const Node& root, ReportBuilder& out) {
    for (const Node& row : root.all("data")) {
        if (const std::optional<When> when = out.interval_of(row, "start", "end")) {
            out.add_count(row, "in", series_info("store.footfall.in", Kind::delta), *when);
            out.add_count(row, "out", series_info("store.footfall.out", Kind::delta), *when);
        }
    }
}

// Nobody came in that time: a list of nothing, not nothing (null).
bool is_empty_export(const Node& root) {
    return root["data"] && root["data"].items().empty();
}

// Publisher ACAP: one person; "direction", or the sign of "value".
void read_direction(const Node& root, ReportBuilder& out) {
    const std::string direction = lower(root["direction"].text());
    const std::optional<double> value = root["value"].number();
    const bool in = direction == "in" || (direction.empty() && value && *value > 0);
    const bool away = direction == "out" || (direction.empty() && value && *value < 0);
    if (in == away) {
        out.bad(root, "direction", "is neither in nor out");
        return;
    }
    When when;
    const bool has_clock = root["timestamp"] && !root["timestamp"].is_empty();
    when.time = out.time_of(root, has_clock ? "timestamp" : "localTime");
    when.id = when.time ? fmt::format("{}/{}", when.time->ms, in) : "";
    const char* const metric = in ? "store.footfall.in" : "store.footfall.out";
    out.add(series_info(metric, Kind::delta, {{"door", root["name"].text()}}), 1, when);
}

bool read_axis_json(const Node& root, ReportBuilder& out) {
    if (root["direction"] && (root["timestamp"] || root["localTime"])) {
        read_direction(root, out);
    } else if (root["in"] || root["out"]) {
        read_live_sum(root, out);
    } else if (!root.all("data").empty() && root.all("data")[0]["start"]) {
        read_export(root, out);
    } else {
        return read_axis_retail(root, out) || read_queue_sum(root, out) || is_empty_export(root);
    }
    return true;
}

// ---- CSV: People Counter and 3D People Counter, intervals

// The column whose header has this word, apart from letters; -1: none.
int axis_column(const CsvRow& header, std::string_view word) {
    for (std::size_t i = 0; i < header.cells.size(); ++i) {
        std::string text = lower(header.cells[i]);
        std::replace_if(
            text.begin(), text.end(), [](char c) { return c < 'a' || c > 'z'; }, ' '
        );
        if ((" " + text + " ").find(" " + std::string(word) + " ") != std::string::npos) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

struct AxisColumns {
    int start = -1;
    int end = -1;
    int in = -1;
    int out = -1;
    int name = -1;
    int serial = -1;
};

AxisColumns axis_columns(const CsvRow& header) {
    AxisColumns columns;
    columns.start = axis_column(header, "start");
    columns.end = axis_column(header, "stop");
    columns.end = columns.end < 0 ? axis_column(header, "end") : columns.end;
    columns.in = axis_column(header, "in");
    columns.out = axis_column(header, "out");
    columns.name = axis_column(header, "name");
    columns.serial = axis_column(header, "serial");
    return columns;
}

std::string axis_cell(const CsvRow& row, int column) {
    const auto at = static_cast<std::size_t>(column);
    return column >= 0 && at < row.cells.size() ? row.cells[at] : std::string();
}

void add_axis_cell(
    const CsvRow& row, int column, SeriesInfo info, const When& when, ReportBuilder& out
) {
    const std::string cell = axis_cell(row, column);
    const std::string where = fmt::format("line {}", row.line);
    const std::optional<double> value = parse_number(cell);
    if (!value || *value < 0) {
        out.bad(where, trimmed(cell).empty() ? kIsEmpty : kIsNoCount);
        return;
    }
    out.add(std::move(info), *value, when);
}

void read_axis_row(const CsvRow& row, const AxisColumns& columns, ReportBuilder& out) {
    When when;
    when.from = parse_time(axis_cell(row, columns.start));
    when.time = parse_time(axis_cell(row, columns.end));
    if (!when.from || !when.time || !is_interval(*when.from, *when.time)) {
        const bool times = when.from && when.time;
        out.bad(fmt::format("line {}", row.line), times ? kIsNoInterval : kIsNoTime);
        return;
    }
    out.device = axis_cell(row, columns.serial);
    out.state().up = true;
    const std::vector<Dimension> door{{"door", axis_cell(row, columns.name)}};
    add_axis_cell(row, columns.in, series_info("store.footfall.in", Kind::delta, door), when, out);
    add_axis_cell(
        row, columns.out, series_info("store.footfall.out", Kind::delta, door), when, out
    );
}

Result<Report> parse_axis_csv(std::string_view body) {
    const CsvTable table = parse_csv(body, ',');
    const AxisColumns columns = table.rows.empty() ? AxisColumns{} : axis_columns(table.rows[0]);
    if (columns.start < 0 || columns.end < 0 || columns.in < 0 || columns.out < 0) {
        return invalid_argument("is no message of an Axis camera");
    }
    ReportBuilder out;
    for (const std::size_t line : table.bad_lines) {
        out.bad(fmt::format("line {}", line), "a quoted field does not end");
    }
    for (std::size_t i = 1; i < table.rows.size(); ++i) {
        read_axis_row(table.rows[i], columns, out);
    }
    return std::move(out.report);
}

}  // namespace

SeriesInfo axis_daily(const char* metric, const std::string& door) {
    SeriesInfo info = series_info(metric, Kind::counter, {{"door", door}});
    info.resets_at = std::chrono::minutes(0);
    return info;
}

Result<Report> parse_axis(const Message& message) {
    const Result<PlainText> plain = PlainText::of(message.body);
    if (!plain) {
        return plain.error();
    }
    const std::string_view body = trimmed(plain->text());
    if (!body.starts_with('{') && !body.starts_with('<')) {
        return parse_axis_csv(plain->text());
    }
    const Result<NodeMessage> parsed = NodeMessage::parse(body);
    if (!parsed) {
        return parsed.error();
    }
    const Node root = parsed->root();
    if (root["error"]) {
        return invalid_argument("the camera reports an error");
    }
    ReportBuilder out;
    set_axis_device(root, out);
    if (!read_axis_objects(root, out) && (parsed->is_xml() || !read_axis_json(root, out))) {
        return invalid_argument("is no message of an Axis camera");
    }
    parsed->note_private_fields(out.report);
    return std::move(out.report);
}

}  // namespace cxedge::devices
