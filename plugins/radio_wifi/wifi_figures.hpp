// SPDX-License-Identifier: Apache-2.0
// What a look at the Wi-Fi means: figures, result and events. Pure. Thread: any, one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "plugins/_probes/probe.hpp"
#include "plugins/radio_wifi/wifi_reader.hpp"
#include "plugins/radio_wifi/wifi_settings.hpp"

namespace cxedge::plugins {

// What is remembered of the looks before.
class WifiBook {
public:
    // `target`: "auto", or the name of an interface.
    WifiBook(std::string target, const WifiSettings& settings);
    // `timed_out`: the view is only as far as it came.
    [[nodiscard]] probes::Finding take(const WifiView& view, bool timed_out, SteadyTime now);

private:
    struct Link {
        Link(const WifiSettings& settings, const std::string& name) : judge(settings, name) {}
        probes::CoverageJudge judge;
        std::optional<WifiSurvey> channel;
        std::optional<SteadyTime> connected_at;  // of the last look, if it was
        std::string bss;                         // of the last connection
        std::uint32_t told = 0;                  // bits of figures that its driver has told
    };

    void take_link(const WifiLink& link, SteadyTime now, probes::Finding& finding);
    void lose_link(const std::string& name, probes::Finding& finding);
    void judge(const WifiLink& link, SteadyTime now, Link& memory, probes::Finding& finding) const;
    Link& memory_of(const std::string& name);

    std::string target_;
    const WifiSettings& settings_;
    std::map<std::string, Link> links_;  // by name of the interface
};

}  // namespace cxedge::plugins
