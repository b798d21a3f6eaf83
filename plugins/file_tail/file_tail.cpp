// SPDX-License-Identifier: Apache-2.0
#include "plugins/file_tail/file_tail.hpp"

#include <utility>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

// For Schema::check.
std::string check_absolute(const std::string& path) {
    return path.starts_with('/') ? "" : "must be a path that begins with /";
}

Schema<FileTailSettings> make_schema() {
    Schema<FileTailSettings> schema;
    ignore_common_keys(schema);
    schema.text("path", &FileTailSettings::path, "File, or pattern of files (*, ?, [a-z])")
        .check(check_absolute);
    schema.texts("paths", &FileTailSettings::paths, "More of them");
    schema.boolean(
        "from_start",
        &FileTailSettings::from_start,
        "What is in the files at the first start is read, too"
    );
    schema.duration("pause_ms", &FileTailSettings::pause, "Between two looks at a file")
        .range(10, 60'000);
    schema.integer("max_line_kib", &FileTailSettings::max_line_kib, "Longer lines are skipped")
        .range(1, 1'024);
    devices::add_payload_keys(schema);
    return schema;
}

const Schema<FileTailSettings>& schema() {
    static const Schema<FileTailSettings> kSchema = make_schema();
    return kSchema;
}

// A gauge that is told again is the same gauge; increments would count twice, and a counter that
// is told again looks as if it had begun anew.
bool must_be_named(const devices::Reading& reading) {
    const bool adds_up = reading.info.kind != Kind::gauge && reading.info.kind != Kind::state;
    return adds_up && reading.id.empty() && !reading.from;
}

void name_readings(devices::Report& report, std::string_view line_id) {
    for (std::size_t i = 0; i < report.readings.size() && !line_id.empty(); ++i) {
        if (must_be_named(report.readings[i])) {
            report.readings[i].id = fmt::format("{}#{}", line_id, i);
        }
    }
}

}  // namespace

std::vector<SettingHelp> FileTail::settings_help() {
    return schema().help();
}

void FileTail::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
    node_ = settings;
    if (!settings_.path.empty()) {
        settings_.paths.insert(settings_.paths.begin(), settings_.path);
    }
    if (settings_.paths.empty()) {
        problems.add(settings.position, "path", "is missing: which file?");
    }
    for (const std::string& path : settings_.paths) {
        if (const std::string wrong = check_absolute(path); !wrong.empty()) {
            const SettingsNode* const paths = settings.find("paths");
            problems.add(paths != nullptr ? paths->position : settings.position, "paths", wrong);
        }
    }
    reader_ = devices::PayloadReader::make(settings_, settings, problems);
}

bool FileTail::has_header() const {
    return settings_.format == "csv" && settings_.header;
}

Status FileTail::start(Host& host) {
    // A new one knows no header of the run before.
    SettingsProblems none;
    reader_ = devices::PayloadReader::make(settings_, node_, none);
    if (!reader_) {
        return none.error();
    }
    intake_.emplace(host, settings_);
    devices::FileFollowerSettings following;
    following.paths = settings_.paths;
    following.from_start = settings_.from_start;
    following.longest_line = static_cast<std::size_t>(settings_.max_line_kib) * 1024;
    following.pause = settings_.pause;
    following.header_first = has_header();
    follower_ = devices::FileFollower::start(following, host, [this](const devices::Line& line) {
        return take(line);
    });
    return {};
}

Status FileTail::take(const devices::Line& line) {
    const std::string address =
        has_header() ? fmt::format("{}#{}", line.origin, line.part) : std::string(line.origin);
    Result<devices::Report> report = reader_->read({line.text, {}, address});
    if (!report) {
        intake_->bad_message(line.origin, report.error());
        return {};
    }
    name_readings(*report, line.id);
    return intake_->take(*report);
}

void FileTail::stop() {
    follower_.reset();
    intake_.reset();
}

}  // namespace cxedge::plugins
