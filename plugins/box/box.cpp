// SPDX-License-Identifier: Apache-2.0
#include "plugins/box/box.hpp"

namespace cxedge::plugins {
namespace {

std::string check_root(const std::string& root) {
    return root.empty() || root.front() != '/' ? "must be an absolute path" : "";
}

Schema<BoxSettings> make_schema() {
    Schema<BoxSettings> schema;
    ignore_common_keys(schema);
    schema.duration("interval_s", &BoxSettings::interval, "Time between two readings")
        .range(0.01, 86'400);
    schema.texts("disks", &BoxSettings::disks, "Mount points to watch");
    schema.boolean("temperature", &BoxSettings::temperature, "Report the thermal zones");
    schema.boolean("clock", &BoxSettings::clock, "Report whether the clock is synchronised");
    schema.boolean("processes", &BoxSettings::processes, "Report the number of processes");
    schema.text("root", &BoxSettings::root, "Where proc, sys and the mounts are").check(check_root);
    return schema;
}

const Schema<BoxSettings>& schema() {
    static const Schema<BoxSettings> kSchema = make_schema();
    return kSchema;
}

}  // namespace

std::vector<SettingHelp> Box::settings_help() {
    return schema().help();
}

void Box::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = schema().read(settings, problems);
    for (const std::string& mount : settings_.disks) {
        const SettingsNode* const node = settings.find("disks");
        if (node != nullptr && (mount.empty() || mount.front() != '/')) {
            problems.add(node->position, "disks", "\"" + mount + "\" must be an absolute path");
        }
    }
}

Status Box::start(Host& host) {
    host_ = &host;
    reader_.emplace(settings_, system_);
    known_.clear();
    reported_missing_.clear();
    report();
    timer_ = host.loop().every(settings_.interval, [this] { report(); });
    return {};
}

void Box::report() {
    const BoxLook look = reader_->look();
    for (auto& [key, known] : known_) {
        known.seen = false;
    }
    for (const BoxValue& value : look.values) {
        emit(value);
    }
    emit_absent();
    for (const std::string& path : look.missing) {
        if (reported_missing_.insert(path).second) {
            host_->log(log::Level::info, path + " is not readable here: left out");
        }
    }
}

Box::Known& Box::known(const SeriesInfo& info) {
    const auto [found, added] = known_.try_emplace(info.key);
    if (added) {
        const Result<SeriesId> id = host_->declare(info);
        if (id) {
            found->second.id = *id;
        } else {
            host_->log(
                log::Level::warn, to_string(info.key) + " is left out: " + id.error().message
            );
        }
    }
    return found->second;
}

void Box::emit(const BoxValue& value) {
    Known& series = known(value.info);
    series.seen = true;
    if (!series.id) {
        return;
    }
    const Status emitted =
        value.value ? host_->emit(*series.id, *value.value) : host_->emit_lost(*series.id);
    if (!emitted && reported_missing_.insert("emit").second) {
        host_->log(log::Level::warn, "readings are refused: " + emitted.error().message);
    }
}

// What was there before and is not now is a loss, not silence.
void Box::emit_absent() {
    for (const auto& [key, known] : known_) {
        if (!known.seen && known.id) {
            // A refusal is counted by the agent; there is nobody to tell here.
            static_cast<void>(host_->emit_lost(*known.id));
        }
    }
}

void Box::stop() {
    timer_.cancel();
}

}  // namespace cxedge::plugins
