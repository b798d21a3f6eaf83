// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/video_settings.hpp"

#include "plugins/_probes/http_fetch.hpp"

namespace cxedge::plugins {
namespace {

Schema<VideoSettings> make_video_schema() {
    using Settings = VideoSettings;
    Schema<Settings> schema;
    probes::add_probe_keys(schema);
    schema
        .text("variant", &Settings::variant, "Which quality: the line decides, or always the same")
        .one_of({"adaptive", "lowest", "highest"});
    schema.duration("watch_s", &Settings::watch, "So much of the video is played").range(1, 600);
    schema
        .duration(
            "buffer_s",
            &Settings::buffer,
            "Play begins, and goes on after it stood still, with so much in the buffer"
        )
        .range(0.1, 60);
    schema.duration("ahead_s", &Settings::ahead, "At most so much is fetched before it is played")
        .range(1, 600);
    schema.integer("max_segment_mib", &Settings::max_segment_mib, "Largest segment")
        .range(1, 1'024);
    schema.text("ca_file", &Settings::ca_file, "PEM certificates that sign the server's");
    schema.boolean("tls_verify", &Settings::tls_verify, "false: any certificate will do");
    return schema;
}

const Schema<VideoSettings>& video_schema() {
    static const Schema<VideoSettings> kSchema = make_video_schema();
    return kSchema;
}

void check_times(
    const VideoSettings& settings, const SettingsNode& node, SettingsProblems& problems
) {
    if (settings.timeout < settings.watch + settings.buffer) {
        problems.add(node.position, "timeout_s", "is shorter than watch_s and buffer_s together");
    }
    if (settings.ahead < settings.buffer) {
        problems.add(node.position, "ahead_s", "is less than buffer_s: play would never begin");
    }
}

}  // namespace

VideoSettings read_video_settings(const SettingsNode& node, SettingsProblems& problems) {
    VideoSettings settings = video_schema().read(node, problems);
    probes::check_probe_settings(settings, node, probes::check_url, problems);
    check_times(settings, node, problems);
    return settings;
}

std::vector<SettingHelp> video_settings_help() {
    return video_schema().help();
}

}  // namespace cxedge::plugins
