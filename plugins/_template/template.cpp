// SPDX-License-Identifier: Apache-2.0
#include "plugins/_template/template.hpp"

#include <fstream>
#include <optional>

namespace cxedge::plugins {
namespace {

Schema<TemplateSettings> make_schema() {
    Schema<TemplateSettings> schema;
    ignore_common_keys(schema);
    schema.text("file", &TemplateSettings::file, "File whose first number is the reading")
        .required();
    schema.text("metric", &TemplateSettings::metric, "Name of the series");
    schema.text("unit", &TemplateSettings::unit, "Unit of the number (UCUM)");
    schema.text_map("dims", &TemplateSettings::dims, "Dimensions of the series");
    schema.duration("interval_s", &TemplateSettings::interval, "Time between two readings")
        .range(0.1, 86'400);
    return schema;
}

const Schema<TemplateSettings>& schema() {
    static const Schema<TemplateSettings> kSchema = make_schema();
    return kSchema;
}

std::optional<double> read_number(const std::string& path) {
    std::ifstream file(path);
    double number = 0;
    return file >> number ? std::optional(number) : std::nullopt;
}

}  // namespace

std::vector<SettingHelp> Template::settings_help() {
    return schema().help();
}

void Template::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
}

Status Template::start(Host& host) {
    // What may come later, such as a device, is `unavailable`: the agent tries again.
    if (!std::ifstream(settings_.file)) {
        return unavailable(settings_.file + " cannot be read");
    }
    SeriesInfo info{{settings_.metric, {}}, Kind::gauge, settings_.unit, {}, 0};
    for (const auto& [key, value] : settings_.dims) {
        info.key.dims.push_back({key, value});
    }
    const Result<SeriesId> declared = host.declare(info);
    if (!declared) {
        return declared.error();
    }
    series_ = *declared;
    host_ = &host;
    take_reading();
    timer_ = host.loop().every(settings_.interval, [this] { take_reading(); });
    return {};
}

void Template::take_reading() {
    const std::optional<double> number = read_number(settings_.file);
    // A measurement that was due and failed is a reading as well: silence would hide it.
    const Status emitted = number ? host_->emit(series_, *number) : host_->emit_lost(series_);
    if (!number) {
        report(settings_.file + " holds no number");
    } else {
        report(emitted ? std::string() : emitted.error().message);
    }
}

// Tells the host only what is new, so that a broken file is one line in the log, not one a reading.
void Template::report(std::string_view problem) {
    if (problem != problem_) {
        problem_ = problem;
        host_->set_problem(problem);
    }
}

void Template::stop() {
    timer_.cancel();
}

}  // namespace cxedge::plugins
