// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/formats/format_case.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>

#include "plugins/_devices/formats/build.hpp"
#include "plugins/_devices/privacy.hpp"

#include "tests/plugins/case_folder.hpp"
#include "tests/support/catch.hpp"

namespace cxedge::devices::test {
namespace {

std::string shown(const DeviceTime& time) {
    return fmt::format("{}{}", time.ms, time.local ? "L" : "");
}

std::string line_of(const Reading& reading) {
    SeriesInfo info = reading.info;
    static_cast<void>(normalise(info));
    std::string line = to_string(info.key);
    line += fmt::format(" {} {}", to_string(reading.info.kind), reading.value);
    if (reading.time) {
        line += " @" + shown(*reading.time);
    }
    if (reading.from) {
        line += " from " + shown(*reading.from);
    }
    if (!reading.device.empty()) {
        line += " of " + reading.device;
    }
    return line + (reading.lost ? " lost" : "");
}

}  // namespace

void check_sound(const Report& report) {
    for (const Reading& reading : report.readings) {
        INFO(line_of(reading));
        SeriesInfo info = reading.info;
        CHECK(normalise(info).ok());
        CHECK(std::isfinite(reading.value));
        CHECK((!reading.from || (reading.time && is_interval(*reading.from, *reading.time))));
        for (const Dimension& dim : reading.info.key.dims) {
            CHECK(personal_kind(dim.key).empty());
        }
    }
}

Report parsed(std::string_view format, std::string_view body) {
    const Format* const found = find_format(format);
    REQUIRE(found != nullptr);
    const Result<Report> report = found->parse({body, {}, {}});
    INFO((report ? "" : report.error().message));
    REQUIRE(report.ok());
    check_sound(*report);
    return *report;
}

std::string refused(std::string_view format, std::string_view body) {
    const Format* const found = find_format(format);
    REQUIRE(found != nullptr);
    const Result<Report> report = found->parse({body, {}, {}});
    REQUIRE_FALSE(report.ok());
    CHECK(report.error().code == ErrorCode::invalid_argument);
    return report.error().message;
}

std::vector<std::string> lines_of(const Report& report) {
    std::vector<std::string> lines;
    for (const Reading& reading : report.readings) {
        lines.push_back(line_of(reading));
    }
    return lines;
}

std::vector<std::string> bad_of(const Report& report) {
    std::vector<std::string> lines;
    for (const BadElement& bad : report.bad_elements) {
        lines.push_back(bad.where + " " + bad.what);
    }
    return lines;
}

std::vector<std::string> alarms_of(const Report& report) {
    std::vector<std::string> lines;
    for (const DeviceEvent& told : report.events) {
        const bool clear = told.event.state == EventState::clear;
        lines.push_back((clear ? "-" : "+") + told.event.name + " of " + told.event.subject);
    }
    return lines;
}

std::optional<std::string> fixture(const std::string& name) {
    const char* const env = std::getenv("CXEDGE_SHARED");
    const std::filesystem::path shared = env == nullptr ? SHARED : env;
    const std::filesystem::path file = shared / "data" / "devices" / name;
    if (!std::filesystem::exists(file)) {
        WARN("skipped: needs ../shared/data/devices/" << name << ", or CXEDGE_SHARED");
        return std::nullopt;
    }
    return cxedge::test::read_text(file);
}

MadeReader make_reader(const std::string& toml) {
    const SettingsNode node = cxedge::test::source_settings("[[source]]\n" + toml);
    Schema<PayloadSettings> schema;
    add_payload_keys(schema);
    SettingsProblems problems;
    const PayloadSettings settings = schema.read(node, problems);
    MadeReader made;
    made.reader = PayloadReader::make(settings, node, problems);
    made.problems = problems.lines();
    return made;
}

Report read(PayloadReader& reader, std::string_view body, std::string_view address) {
    const Result<Report> report = reader.read({body, {}, address});
    INFO((report ? "" : report.error().message));
    REQUIRE(report.ok());
    check_sound(*report);
    return *report;
}

}  // namespace cxedge::devices::test
