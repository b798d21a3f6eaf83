// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_icmp/echo_sockets.hpp"
#include "plugins/probe_icmp/icmp_settings.hpp"

namespace cxedge::plugins {

// Round-trip time, loss, duplicates and reordering by bursts of ICMP echo.
class ProbeIcmp final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    Status open(const probes::ProbeContext& context) override;
    void close() override;
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    IcmpSettings settings_;
    std::shared_ptr<EchoSockets> sockets_;
    // By the target's name: as it was last asked, AF_UNSPEC: not yet. A name that cannot be looked
    // up loses its values in the series that it had.
    std::map<std::string, int> families_;
};

}  // namespace cxedge::plugins
