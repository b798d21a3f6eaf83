// SPDX-License-Identifier: Apache-2.0
#include "plugins/http_poll/poll_settings.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/http_targets.hpp"

namespace cxedge::plugins {
namespace {

constexpr double kDay = 86'400;

std::string check_url(const std::string& url) {
    if (url.empty()) {
        return {};
    }
    std::string wrong = check_times(url, true);
    return wrong.empty() ? devices::check_http_url(fill_in_url(url, {}, {})) : wrong;
}

std::string check_body(const std::string& body) {
    return check_times(body, false);
}

template <class T>
void add_target_keys(Schema<T>& schema) {
    devices::add_http_access_keys(schema);
    schema.text("url", &T::url, "What to ask; {from}, {to}, {now}, {today} become times")
        .check(check_url);
    schema
        .text("mode", &T::mode, "poll: ask every interval_s; stream: keep a multipart answer open")
        .one_of({"poll", "stream"});
    schema.text("method", &T::method, "How to ask").one_of({"GET", "POST", "PUT"});
    schema.text("body", &T::body, "What to send, with times as in url").check(check_body);
    schema.text("body_file", &T::body_file, "File with what to send, instead of body");
    schema.duration("interval_s", &T::interval, "poll: time between two requests").range(0.5, kDay);
    schema.duration("window_s", &T::window, "{from} is so long before {to}").range(1, 31 * kDay);
    schema.duration("align_s", &T::align, "{to} is the last full one of these of the day")
        .range(1, kDay);
    schema.duration("silence_s", &T::silence, "stream: begin anew when nothing came for so long")
        .range(0.5, kDay);
}

Schema<PollTarget> make_target_schema() {
    Schema<PollTarget> schema;
    add_target_keys(schema);
    schema.text("device", &PollTarget::called, "Name of the device; empty: as it calls itself");
    return schema;
}

Schema<PollSettings> make_schema() {
    Schema<PollSettings> schema;
    ignore_common_keys(schema);
    devices::add_payload_keys(schema);
    add_target_keys(schema);
    schema.tables("target", &PollSettings::targets, make_target_schema(), "One of several to ask");
    return schema;
}

const Schema<PollSettings>& poll_schema() {
    static const Schema<PollSettings> kSchema = make_schema();
    return kSchema;
}

void check_target(const PollTarget& target, const SettingsNode& node, SettingsProblems& problems) {
    const auto wrong = [&](const char* key, std::string_view what) {
        const SettingsNode* const at = node.find(key);
        problems.add(at == nullptr ? node.position : at->position, key, what);
    };
    if (target.url.empty()) {
        wrong("url", "is needed");
    }
    devices::check_http_access(target, node, problems);
    if (!target.body.empty() && !target.body_file.empty()) {
        wrong("body_file", "and body exclude each other");
    }
    if (target.method == "GET" && !(target.body.empty() && target.body_file.empty())) {
        wrong("method", "must be POST or PUT to send a body");
    }
}

void read_targets(PollSettings& settings, const SettingsNode& source, SettingsProblems& problems) {
    const SettingsNode* const nodes = source.find("target");
    if (nodes == nullptr || nodes->list() == nullptr || nodes->list()->empty()) {
        check_target(settings, source, problems);
        const PollTarget& only = settings;
        settings.targets = {only};
        return;
    }
    if (!settings.url.empty() || !settings.device.empty()) {
        problems.add(
            source.position, settings.url.empty() ? "device" : "url", "belongs into each target"
        );
    }
    static const Schema<PollTarget> kSchema = make_target_schema();
    const std::vector<SettingHelp> keys = kSchema.help();
    settings.targets.clear();
    for (const SettingsNode& node : *nodes->list()) {
        SettingsProblems known;  // said when the source was read
        settings.targets.push_back(kSchema.read(devices::with_inherited(node, source, keys), known)
        );
        check_target(settings.targets.back(), node, problems);
    }
}

// Asked once an hour, a device is not silent after a quarter of one.
void check_silence(PollSettings& settings, const SettingsNode& source, SettingsProblems& problems) {
    std::chrono::milliseconds longest{0};
    for (const PollTarget& target : settings.targets) {
        const auto pause = target.streams() ? target.silence : target.interval + target.timeout;
        longest = std::max(longest, pause);
    }
    const SettingsNode* const said = source.find("silent_s");
    if (said == nullptr) {
        settings.silent = std::max(settings.silent, 3 * longest);
    } else if (settings.silent <= longest) {
        problems.add(
            said->position,
            "silent_s",
            fmt::format(
                "is no longer than the {} s that may pass between two answers",
                std::chrono::duration<double>(longest).count()
            )
        );
    }
}

}  // namespace

SearchPeriod PollTarget::period() const {
    return {
        std::chrono::duration_cast<std::chrono::seconds>(window),
        std::chrono::duration_cast<std::chrono::seconds>(align)};
}

std::string PollTarget::name() const {
    return called.empty() ? devices::http_host_of(fill_in_url(url, {}, {})) : called;
}

PollSettings read_poll_settings(const SettingsNode& settings, SettingsProblems& problems) {
    PollSettings read = poll_schema().read(settings, problems);
    read_targets(read, settings, problems);
    check_silence(read, settings, problems);
    return read;
}

std::vector<SettingHelp> poll_settings_help() {
    return poll_schema().help();
}

}  // namespace cxedge::plugins
