// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/_probes/probe_source.hpp"
#include "plugins/radio_wifi/wifi_figures.hpp"
#include "plugins/radio_wifi/wifi_settings.hpp"
#include "plugins/radio_wifi/wifi_system.hpp"

namespace cxedge::plugins {

// Signal, rates, retries and channel of the Wi-Fi that the box uses, as its driver tells them
// (nl80211). Sends nothing.
class RadioWifi : public probes::ProbeSource {
public:
    RadioWifi();
    explicit RadioWifi(MakeWifiSystem make_system);
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    [[nodiscard]] const probes::ProbeSettings& settings() const override { return settings_; }
    [[nodiscard]] std::unique_ptr<probes::ProbeRun> make_run(
        const probes::Target& target, const probes::ProbeContext& context
    ) override;

private:
    MakeWifiSystem make_system_;
    WifiSettings settings_;
    std::map<std::string, WifiBook> books_;  // by target
};

}  // namespace cxedge::plugins
