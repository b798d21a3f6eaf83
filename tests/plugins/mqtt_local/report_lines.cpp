// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/mqtt_local/report_lines.hpp"

#include <fmt/core.h>

#include "plugins/_devices/formats.hpp"

namespace cxedge::test {
namespace {

std::string time_text(const char* before, const std::optional<devices::DeviceTime>& time) {
    return time ? fmt::format(" {}{}{}", before, time->ms, time->local ? "L" : "") : std::string();
}

std::string reading_line(const devices::Reading& reading) {
    SeriesInfo info = reading.info;
    const Status normal = normalise(info);
    return fmt::format(
        "{}{} {} {}{}",
        normal ? "" : "WRONG ",
        to_string(info.key),
        reading.device,
        reading.lost ? "lost" : fmt::format("{:.6g}", reading.value),
        time_text("@", reading.time)
    );
}

std::string device_line(const devices::DeviceState& state) {
    std::string line = (state.heard ? "device " : "listed ") + state.device;
    line += state.model.empty() ? "" : " model " + state.model;
    line += state.firmware.empty() ? "" : " fw " + state.firmware;
    line += state.battery ? fmt::format(" battery {}", *state.battery) : "";
    line += state.up ? (*state.up ? " up" : " down") : "";
    return line + time_text("seen ", state.last_seen);
}

}  // namespace

std::vector<std::string> report_lines(const devices::Report& report) {
    std::vector<std::string> lines;
    for (const auto& reading : report.readings) {
        lines.push_back(reading_line(reading));
    }
    for (const auto& state : report.devices) {
        lines.push_back(device_line(state));
    }
    for (const auto& [event, id, time] : report.events) {
        lines.push_back(fmt::format("{} {} {}", to_string(event.state), event.name, event.subject));
    }
    for (const auto& bad : report.bad_elements) {
        lines.push_back(fmt::format("bad {} {}", bad.where, bad.what));
    }
    for (const auto& [kind, count] : report.private_fields) {
        lines.push_back(fmt::format("private {} {}", kind, count));
    }
    return lines;
}

std::vector<std::string> parsed_lines(
    std::string_view format, std::string_view topic, std::string_view body
) {
    const auto report = devices::find_format(format)->parse({body, {}, topic});
    return report ? report_lines(*report) : std::vector{"error " + report.error().message};
}

}  // namespace cxedge::test
