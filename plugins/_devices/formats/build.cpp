// SPDX-License-Identifier: Apache-2.0
#include "plugins/_devices/formats/build.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/printable.hpp"

namespace cxedge::devices {
std::string as_name(std::string_view text) {
    return printable(text, kMaxDimensionLength);
}

SeriesInfo series_info(std::string metric, Kind kind, const std::vector<Dimension>& dims) {
    SeriesInfo info;
    info.key.metric = std::move(metric);
    info.kind = kind;
    for (const Dimension& dim : dims) {
        if (!dim.value.empty()) {
            info.key.dims.push_back({dim.key, as_name(dim.value)});
        }
    }
    return info;
}

bool is_interval(const DeviceTime& from, const DeviceTime& to) {
    return from.local != to.local || from.ms < to.ms;
}

void ReportBuilder::bad(std::string where, std::string what) {
    add_bad(report, std::move(where), std::move(what));
}

void ReportBuilder::bad(const Node& node, std::string what) {
    if (keeps_bad(report)) {
        report.bad_elements.push_back({node.where(), std::move(what)});
    }
}

void ReportBuilder::bad(const Node& parent, std::string_view name, std::string what) {
    if (keeps_bad(report)) {
        report.bad_elements.push_back({parent.where(name), std::move(what)});
    }
}

void ReportBuilder::bad(const std::function<std::string()>& where, std::string what) {
    if (keeps_bad(report)) {
        report.bad_elements.push_back({where(), std::move(what)});
    }
}

void ReportBuilder::add(SeriesInfo info, double value, const When& when) {
    Reading reading;
    reading.device = as_name(device);
    reading.info = std::move(info);
    reading.value = value;
    reading.time = when.time;
    const bool interval = when.time && when.from && is_interval(*when.from, *when.time);
    reading.from = interval ? when.from : std::nullopt;
    reading.id = when.id;
    report.readings.push_back(std::move(reading));
}

void ReportBuilder::add_number(const Node& node, SeriesInfo info, const When& when) {
    if (node.is_empty()) {
        bad(node, kIsEmpty);
    } else if (const auto number = node.number()) {
        add(std::move(info), *number, when);
    } else {
        bad(node, kIsNoNumber);
    }
}

void ReportBuilder::add_count(
    const Node& parent, std::string_view name, SeriesInfo info, const When& when
) {
    const Node node = parent[name];
    if (!node) {
        bad(parent, name, kIsMissing);
    } else if (!node.is_empty() && !node.count()) {
        bad(node, kIsNoCount);
    } else {
        add_number(node, std::move(info), when);
    }
}

std::optional<DeviceTime> ReportBuilder::time_of(const Node& parent, std::string_view name) {
    const Node node = parent[name];
    std::optional<DeviceTime> time = node ? node.time() : std::nullopt;
    if (!time) {
        bad(parent, name, !node ? kIsMissing : (node.is_empty() ? kIsEmpty : kIsNoTime));
    }
    return time;
}

std::optional<When> ReportBuilder::interval_of(
    const Node& parent, std::string_view from, std::string_view to
) {
    When when;
    when.from = time_of(parent, from);
    when.time = time_of(parent, to);
    if (!when.from || !when.time) {
        return std::nullopt;
    }
    if (!is_interval(*when.from, *when.time)) {
        bad(parent, to, kIsNoInterval);
        return std::nullopt;
    }
    return when;
}

DeviceState& ReportBuilder::state() {
    const std::string name = as_name(device);
    const auto found =
        std::find_if(report.devices.begin(), report.devices.end(), [&](const DeviceState& each) {
            return each.device == name;
        });
    if (found != report.devices.end()) {
        return *found;
    }
    report.devices.emplace_back();
    report.devices.back().device = name;
    return report.devices.back();
}

void ReportBuilder::alarm(
    const char* name, bool raised, const char* text, std::optional<DeviceTime> time
) {
    DeviceEvent told;
    told.event.name = name;
    told.event.severity = Severity::warning;
    told.event.state = raised ? EventState::raise : EventState::clear;
    told.event.subject = as_name(device);
    told.event.text = text;
    told.time = time;
    report.events.push_back(std::move(told));
}

}  // namespace cxedge::devices
