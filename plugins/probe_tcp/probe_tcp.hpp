// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_tcp/tcp_run.hpp"

namespace cxedge::plugins {

// Opens TCP connections and says how long that took.
class ProbeTcp final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    TcpSettings settings_;
    std::map<std::string, std::string> families_;  // last seen, by target
};

}  // namespace cxedge::plugins
