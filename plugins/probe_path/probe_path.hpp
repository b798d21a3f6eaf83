// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/probe_path/path_run.hpp"

namespace cxedge::plugins {

struct ProbePathSettings : probes::ProbeSettings {
    ProbePathSettings() {
        interval = std::chrono::minutes(10);
        timeout = std::chrono::minutes(1);
    }
    std::string method = "udp";
    std::int64_t port = 0;
    std::int64_t first_hop = 1;
    std::int64_t max_hops = 30;
    std::int64_t tries = 3;
    std::int64_t window = 6;
    std::int64_t silent_hops = 5;
    std::chrono::milliseconds wait{1'000};
    bool per_hop = false;
    bool mtu = true;
};

// Which way packets take to a target, whether that changes, and how large they may be.
class ProbePath final : public probes::ProbeSource {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    ProbePathSettings settings_;
    std::map<std::string, std::shared_ptr<PathRecord>> records_;  // by target
};

}  // namespace cxedge::plugins
