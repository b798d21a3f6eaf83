// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_video/probe_video.hpp"

#include "plugins/probe_video/video_run.hpp"

namespace cxedge::plugins {

std::vector<SettingHelp> ProbeVideo::settings_help() {
    return video_settings_help();
}

void ProbeVideo::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_video_settings(settings, problems);
}

std::unique_ptr<probes::ProbeRun> ProbeVideo::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    return std::make_unique<video::VideoRun>(settings_, target.address, context);
}

}  // namespace cxedge::plugins
