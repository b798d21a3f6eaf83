// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_http/http_settings.hpp"

namespace cxedge::plugins {

// Asks web servers, and tells the time of each phase and whether the answer is the expected one.
class ProbeHttp final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    HttpSettings settings_;
};

}  // namespace cxedge::plugins
