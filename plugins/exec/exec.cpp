// SPDX-License-Identifier: Apache-2.0
#include "plugins/exec/exec.hpp"

#include <initializer_list>

#include <fmt/core.h>

namespace cxedge::plugins {
namespace {

Schema<ExecSettings> make_schema() {
    Schema<ExecSettings> schema;
    ignore_common_keys(schema);
    schema.text_or_texts("command", &ExecSettings::command, "Program and arguments; no shell")
        .required();
    schema
        .duration(
            "interval_s", &ExecSettings::interval, "It is run so often; 0: it runs all the time"
        )
        .range(0, 86'400);
    schema.duration("timeout_s", &ExecSettings::timeout, "Of one run, where interval_s is set")
        .range(0.1, 86'400);
    schema
        .duration(
            "silence_s",
            &ExecSettings::silence,
            "A program that runs all the time and says nothing for so long is started again; 0: "
            "never"
        )
        .range(0, 604'800);
    schema
        .text("kind", &ExecSettings::kind, "lines, influx: kind of names that kinds does not know")
        .one_of({"gauge", "counter", "delta", "histogram"});
    schema.text_map("kinds", &ExecSettings::kinds, "lines, influx: name or pattern = kind");
    schema.integer("max_line_kib", &ExecSettings::max_line_kib, "Longer lines are skipped")
        .range(1, 1'024);
    devices::add_payload_keys(schema);
    return schema;
}

const Schema<ExecSettings>& schema() {
    static const Schema<ExecSettings> kSchema = make_schema();
    return kSchema;
}

void complain(
    const SettingsNode& settings,
    SettingsProblems& problems,
    const std::string& key,
    const std::string& what
) {
    const SettingsNode* const node = settings.find(key);
    problems.add(node != nullptr ? node->position : settings.position, key, what);
}

void complain_of_given(
    const SettingsNode& settings,
    SettingsProblems& problems,
    std::initializer_list<const char*> keys,
    const std::string& what
) {
    for (const char* key : keys) {
        if (settings.find(key) != nullptr) {
            complain(settings, problems, key, what);
        }
    }
}

}  // namespace

std::vector<SettingHelp> Exec::settings_help() {
    return schema().help();
}

void Exec::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
    node_ = settings;
    const bool is_named = settings.find("command") != nullptr;
    if (is_named && (settings_.command.empty() || settings_.command.front().empty())) {
        complain(settings, problems, "command", "names no program");
    }
    if (settings_.interval.count() > 0 && settings_.silence.count() > 0) {
        complain(settings, problems, "silence_s", "has no effect with interval_s: use timeout_s");
    }
    if (settings_.interval.count() == 0 && settings.find("timeout_s") != nullptr) {
        complain(
            settings, problems, "timeout_s", "has no effect without interval_s: use silence_s"
        );
    }
    if (has_own_format()) {
        check_own_format(settings, problems);
    } else {
        complain_of_given(settings, problems, {"kind", "kinds"}, "has no effect with this format");
        reader_ = devices::PayloadReader::make(settings_, settings, problems);
    }
}

bool Exec::has_own_format() const {
    return settings_.format == "lines" || settings_.format == "influx";
}

void Exec::check_own_format(const SettingsNode& settings, SettingsProblems& problems) const {
    complain_of_given(
        settings,
        problems,
        {"value", "each", "device_at", "time_at", "from_at", "id_at"},
        "has no effect with format " + settings_.format
    );
    for (const auto& [name, kind] : settings_.kinds) {
        Kind known{};
        if (!parse_kind(kind, known) || known == Kind::state) {
            const std::string what = "\"" + kind + "\" is not gauge, counter, delta or histogram";
            problems.add(settings.find("kinds")->position, "kinds." + name, what);
        }
    }
}

Status Exec::make_reader() {
    if (has_own_format()) {
        lines_.emplace(settings_.kind, settings_.kinds, settings_.format == "influx");
        return {};
    }
    // A new one knows no header of the run before.
    SettingsProblems none;
    reader_ = devices::PayloadReader::make(settings_, node_, none);
    return reader_ ? Status() : Status(none.error());
}

Status Exec::start(Host& host) {
    if (Status made = make_reader(); !made) {
        return made;
    }
    intake_.emplace(host, settings_);
    const bool is_repeated = settings_.interval.count() > 0;
    devices::ChildSettings child;
    child.command = settings_.command;
    child.interval = settings_.interval;
    child.timeout = is_repeated ? settings_.timeout : settings_.silence;
    child.longest_line = static_cast<std::size_t>(settings_.max_line_kib) * 1024;
    child_ = devices::ChildLines::start(child, host, [this](const devices::Line& line) {
        return take(line);
    });
    return {};
}

Result<devices::Report> Exec::read(const devices::Line& line) {
    if (lines_) {
        return lines_->read(line.text);
    }
    const bool has_header = settings_.format == "csv" && settings_.header;
    const std::string address =
        has_header ? fmt::format("{}#{}", line.origin, line.part) : std::string(line.origin);
    return reader_->read({line.text, {}, address});
}

Status Exec::take(const devices::Line& line) {
    const Result<devices::Report> report = read(line);
    if (!report) {
        intake_->bad_message(line.origin, report.error());
        return {};
    }
    return intake_->take(*report);
}

void Exec::stop() {
    child_.reset();
    intake_.reset();
}

}  // namespace cxedge::plugins
