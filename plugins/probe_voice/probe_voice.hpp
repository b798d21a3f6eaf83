// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/_probes/stamp_probe.hpp"

namespace cxedge::plugins {

struct ProbeVoiceSettings : probes::StampSettings {
    ProbeVoiceSettings() {
        interval = std::chrono::milliseconds(300'000);
        timeout = std::chrono::milliseconds(15'000);
        dscp = 46;  // EF, as telephones mark voice: RFC 4594, 4.1
    }
    std::chrono::milliseconds duration{10'000};
    std::string codec = "g711";
    std::chrono::milliseconds jitter_buffer{60};
    std::chrono::milliseconds terminal_delay{0};
};

// Packets like those of a G.711 call with 20 ms in each, to a STAMP reflector and back.
class ProbeVoice : public probes::ProbeSource {
public:
    // `own_clock`: kernel_clock, but in tests.
    explicit ProbeVoice(probes::KernelClockReader own_clock = kernel_clock);
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
    ProbeVoiceSettings settings_;
    std::string key_;
};

}  // namespace cxedge::plugins
