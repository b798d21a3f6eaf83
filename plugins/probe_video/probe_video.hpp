// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_video/video_settings.hpp"

namespace cxedge::plugins {

// Fetches videos as a player does, and tells when the picture would have begun and stood still.
class ProbeVideo final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] bool heavy() const override { return true; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    VideoSettings settings_;
};

}  // namespace cxedge::plugins
