// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/_probes/tls_session.hpp"
#include "plugins/probe_dns/dns_settings.hpp"

namespace cxedge::plugins {

// Asks name servers and says how long they took, what they answered and whether that is true.
class ProbeDns final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;
    void close() override { trust_.reset(); }

private:
    DnsSettings settings_;
    std::unique_ptr<probes::TlsTrust> trust_;  // from the first run on; transport dot only
};

}  // namespace cxedge::plugins
