// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe_dns/probe_dns.hpp"

#include "plugins/probe_dns/dns_run.hpp"
#include "plugins/probe_dns/name_server.hpp"

namespace cxedge::plugins {

std::vector<SettingHelp> ProbeDns::settings_help() {
    return dns_schema().help();
}

void ProbeDns::init(const SettingsNode& settings, SettingsProblems& problems) {
    settings_ = dns_schema().read(settings, problems);
    probes::check_probe_settings(settings_, settings, check_name_server, problems);
    check_dns_settings(settings_, settings, problems);
}

std::unique_ptr<probes::ProbeRun> ProbeDns::make_run(
    const probes::Target& target, const probes::ProbeContext& context
) {
    if (settings_.transport == "dot") {
        constexpr const char* kOldest = "1.2";  // RFC 7858 section 3.2, RFC 8310 section 9
        if (!trust_) {
            trust_ = std::make_unique<probes::TlsTrust>(settings_.ca_file, kOldest);
        }
        trust_->refresh();
    }
    return std::make_unique<DnsRun>(settings_, trust_.get(), target, context);
}

}  // namespace cxedge::plugins
