// SPDX-License-Identifier: Apache-2.0
#include "plugins/prometheus/scrape_settings.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "agent/model/series.hpp"
#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/http_targets.hpp"
#include "plugins/_devices/privacy.hpp"

namespace cxedge::plugins {
namespace {

std::string check_target_url(const std::string& url) {
    return url.empty() ? std::string() : devices::check_http_url(url);
}

std::string check_prefix(const std::string& prefix) {
    SeriesInfo info;
    info.key.metric = prefix + "x";
    return normalise(info) ? "" : "must be letters, digits and . _ / -";
}

template <class T>
void add_scrape_target_keys(Schema<T>& schema) {
    devices::add_http_access_keys(schema);
    schema.text("url", &T::url, "What to scrape, e.g. http://10.0.0.7:9100/metrics")
        .check(check_target_url);
    schema.text("device", &T::device, "Dimension `device` of its series; empty: host and port");
    schema.duration("interval_s", &T::interval, "Time between two scrapes").range(0.5, 86'400);
}

Schema<ScrapeTarget> make_scrape_target_schema() {
    Schema<ScrapeTarget> schema;
    add_scrape_target_keys(schema);
    return schema;
}

Schema<ScrapeSettings> make_scrape_schema() {
    using Settings = ScrapeSettings;
    Schema<Settings> schema;
    ignore_common_keys(schema);
    add_scrape_target_keys(schema);
    schema.texts("match", &Settings::match, "Globs of the metrics to take");
    schema.texts("drop", &Settings::drop, "Globs of the metrics to leave, of those that match");
    schema.text_map("rename", &Settings::rename, "Name there = metric here, without prefix");
    schema.text("prefix", &Settings::prefix, "Put in front of every other name, e.g. \"node.\"")
        .check(check_prefix);
    schema.text_map(
        "dims", &Settings::dims, "Dimensions of every series; labels do not replace them"
    );
    schema.boolean("timestamps", &Settings::timestamps, "Whether times that the target says count");
    schema.integer("max_series", &Settings::max_series, "Series at most").range(1, 100'000);
    schema.tables("target", &Settings::targets, make_scrape_target_schema(), "One of several");
    return schema;
}

const Schema<ScrapeSettings>& scrape_schema() {
    static const Schema<ScrapeSettings> kSchema = make_scrape_schema();
    return kSchema;
}

SettingsPosition place_of(const SettingsNode& node, const char* key) {
    const SettingsNode* const at = node.find(key);
    return at == nullptr ? node.position : at->position;
}

void check_scrape_target(
    const ScrapeTarget& target, const SettingsNode& node, SettingsProblems& problems
) {
    if (target.url.empty()) {
        problems.add(node.position, "url", "is needed");
    }
    devices::check_http_access(target, node, problems);
}

void read_scrape_targets(
    ScrapeSettings& settings, const SettingsNode& source, SettingsProblems& problems
) {
    const SettingsNode* const nodes = source.find("target");
    if (nodes == nullptr || nodes->list() == nullptr || nodes->list()->empty()) {
        check_scrape_target(settings, source, problems);
        const ScrapeTarget& only = settings;
        settings.targets = {only};
        return;
    }
    if (!settings.url.empty() || !settings.device.empty()) {
        const char* const key = settings.url.empty() ? "device" : "url";
        problems.add(place_of(source, key), key, "belongs into each target");
    }
    static const Schema<ScrapeTarget> kSchema = make_scrape_target_schema();
    const std::vector<SettingHelp> keys = kSchema.help();
    settings.targets.clear();
    for (const SettingsNode& node : *nodes->list()) {
        SettingsProblems known;  // said when the source was read
        settings.targets.push_back(kSchema.read(devices::with_inherited(node, source, keys), known)
        );
        check_scrape_target(settings.targets.back(), node, problems);
    }
}

// Two of one name would write into the same series.
void check_names(
    const ScrapeSettings& settings, const SettingsNode& source, SettingsProblems& problems
) {
    std::set<std::string> names;
    for (const ScrapeTarget& target : settings.targets) {
        if (!names.insert(target.name()).second) {
            problems.add(
                place_of(source, "target"),
                "device",
                fmt::format("two targets are called \"{}\"", target.name())
            );
        }
    }
}

void check_rules(
    const ScrapeSettings& settings, const SettingsNode& source, SettingsProblems& problems
) {
    if (settings.match.empty()) {
        problems.add(place_of(source, "match"), "match", "is empty: nothing would be taken");
    }
    for (const auto& [there, here] : settings.rename) {
        SeriesInfo info;
        info.key.metric = here;
        if (const Status normal = normalise(info); !normal) {
            problems.add(place_of(source, "rename"), "rename." + there, normal.error().message);
        }
    }
    SeriesInfo info;
    info.key.metric = "x";
    for (const auto& [key, value] : settings.dims) {
        info.key.dims.push_back({key, value});
        if (key == "device") {
            problems.add(place_of(source, "dims"), "dims.device", "is the target's `device`");
        }
    }
    if (const Status normal = normalise(info); !normal) {
        problems.add(place_of(source, "dims"), "dims", normal.error().message);
    }
}

}  // namespace

std::string ScrapeTarget::name() const {
    const std::string name = device.empty() ? devices::http_host_of(url) : device;
    return devices::is_hardware_address(name) ? devices::masked_address(name) : name;
}

ScrapeSettings read_scrape_settings(const SettingsNode& settings, SettingsProblems& problems) {
    ScrapeSettings read = scrape_schema().read(settings, problems);
    read_scrape_targets(read, settings, problems);
    check_names(read, settings, problems);
    check_rules(read, settings, problems);
    return read;
}

std::vector<SettingHelp> scrape_settings_help() {
    return scrape_schema().help();
}

}  // namespace cxedge::plugins
