// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_throughput/rtt_watch.hpp"
#include "plugins/probe_throughput/throughput_settings.hpp"

namespace cxedge::plugins {

// How fast a line is, and how late everything else becomes while it is full.
class ProbeThroughput final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] bool heavy() const override { return true; }
    Status open(const probes::ProbeContext& context) override;
    void close() override;
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    ThroughputSettings settings_;
    std::optional<throughput::RttProbe> rtt_;
};

}  // namespace cxedge::plugins
