// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_web/probe_web.hpp"

#include "plugins/probe_web/web_run.hpp"

namespace cxedge::plugins {

std::vector<SettingHelp> ProbeWeb::settings_help() {
    return web_settings_help();
}

void ProbeWeb::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_web_settings(settings, problems);
}

std::unique_ptr<probes::ProbeRun> ProbeWeb::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    return std::make_unique<WebRun>(settings_, target.address, context);
}

}  // namespace cxedge::plugins
