// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_icmp/probe_icmp.hpp"

#include "plugins/probe_icmp/echo_burst.hpp"

namespace cxedge::plugins {

std::vector<SettingHelp> ProbeIcmp::settings_help() {
    return icmp_settings_help();
}

void ProbeIcmp::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = read_icmp_settings(settings, problems);
}

Status ProbeIcmp::open(const probes::ProbeContext& context) {
    sockets_ = std::make_shared<EchoSockets>(context.loop, context.interface);
    return {};
}

void ProbeIcmp::close() {
    sockets_.reset();
}

std::unique_ptr<probes::ProbeRun> ProbeIcmp::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    int& family = families_[target.name];
    return std::make_unique<EchoBurst>(settings_, target.address, sockets_, context, family);
}

}  // namespace cxedge::plugins
