// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_http/probe_http.hpp"

#include "plugins/probe_http/http_run.hpp"

namespace cxedge::plugins {

std::vector<SettingHelp> ProbeHttp::settings_help() {
    return http_settings_help();
}

void ProbeHttp::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_http_settings(settings, problems);
}

std::unique_ptr<probes::ProbeRun> ProbeHttp::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    return std::make_unique<HttpRun>(settings_, target.address, context);
}

}  // namespace cxedge::plugins
