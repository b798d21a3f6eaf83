// SPDX-License-Identifier: Apache-2.0
#include "plugins/exec/exec_lines.hpp"

#include <algorithm>

#include <fnmatch.h>

#include "plugins/_devices/influx_line.hpp"
#include "plugins/_devices/kpi_line.hpp"
#include "plugins/_devices/privacy.hpp"
#include "plugins/_devices/text.hpp"

namespace cxedge::plugins {
namespace {

devices::Reading reading_of(SeriesKey key, Kind kind, double value) {
    devices::Reading reading;
    reading.info.key = std::move(key);
    reading.info.kind = kind;
    reading.value = value;
    return reading;
}

void drop_personal(std::vector<Dimension>& dims, devices::Report& report) {
    const auto rest = std::remove_if(dims.begin(), dims.end(), [&](const Dimension& dim) {
        return devices::count_personal(dim.key, 1, report.private_fields);
    });
    dims.erase(rest, dims.end());
}

}  // namespace

ExecLines::ExecLines(std::string kind, KindsByName kinds, bool is_influx)
    : kind_(std::move(kind)), kinds_(std::move(kinds)), is_influx_(is_influx) {}

Result<devices::Report> ExecLines::read(std::string_view line) const {
    line = devices::trimmed(line);
    if (line.empty() || line.starts_with('#')) {
        return devices::Report();
    }
    return is_influx_ ? read_influx(line) : read_kpi(line);
}

Result<devices::Report> ExecLines::read_kpi(std::string_view line) const {
    const Result<devices::KpiLine> parsed = devices::parse_kpi_line(line);
    if (!parsed) {
        return parsed.error();
    }
    Result<SeriesKey> key = devices::parse_kpi_series(parsed->series);
    if (!key) {
        return key.error();
    }
    const Kind kind = kind_of(key->metric);
    devices::Report report;
    drop_personal(key->dims, report);
    report.readings.push_back(reading_of(std::move(*key), kind, parsed->value));
    if (parsed->time_ms) {
        report.readings.back().time = devices::DeviceTime{*parsed->time_ms, false};
    }
    return report;
}

Result<devices::Report> ExecLines::read_influx(std::string_view line) const {
    const Result<devices::InfluxPoint> point = devices::parse_influx_line(line);
    if (!point) {
        return point.error();
    }
    devices::Report report;
    std::vector<Dimension> tags = point->tags;
    drop_personal(tags, report);
    for (const auto& [field, value] : point->fields) {
        if (devices::count_personal(field, 1, report.private_fields)) {
            continue;
        }
        SeriesKey key{point->measurement + '.' + field, tags};
        const Kind kind = kind_of(key.metric);
        report.readings.push_back(reading_of(std::move(key), kind, value));
        if (point->time_ms) {
            report.readings.back().time = devices::DeviceTime{*point->time_ms, false};
        }
    }
    return report;
}

Kind ExecLines::kind_of(const std::string& metric) const {
    const auto exact = std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& entry) {
        return entry.first == metric;
    });
    const auto fits = std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& entry) {
        return ::fnmatch(entry.first.c_str(), metric.c_str(), 0) == 0;
    });
    const auto named = exact != kinds_.end() ? exact : fits;
    Kind kind = Kind::gauge;
    parse_kind(named != kinds_.end() ? named->second : kind_, kind);
    return kind;
}

}  // namespace cxedge::plugins
