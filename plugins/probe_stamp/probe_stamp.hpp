// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/_probes/stamp_probe.hpp"

namespace cxedge::plugins {

struct ProbeStampSettings : probes::StampSettings {
    ProbeStampSettings() { timeout = std::chrono::milliseconds(6'000); }
    std::int64_t count = 20;
    std::chrono::milliseconds spacing{100};
    double spacing_random = 0.5;
    std::int64_t payload_bytes = 0;
};

// Session-Sender of RFC 8762: a short stream of packets to a reflector.
class ProbeStamp : public probes::ProbeSource {
public:
    // `own_clock`: kernel_clock, but in tests.
    explicit ProbeStamp(probes::KernelClockReader own_clock = kernel_clock);
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    Status open(const probes::ProbeContext& context) override;
    void close() override { key_.clear(); }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    probes::KernelClockReader own_clock_;
    ProbeStampSettings settings_;
    std::string key_;
};

}  // namespace cxedge::plugins
