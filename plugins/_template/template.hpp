// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

namespace cxedge::plugins {

struct TemplateSettings {
    std::string file;
    std::string metric = "template.value";
    std::string unit = "1";
    std::vector<std::pair<std::string, std::string>> dims;
    std::chrono::milliseconds interval{10'000};
};

// Reads the first number of a file every interval_s.
class Template final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    void take_reading();
    void report(std::string_view problem);

    TemplateSettings settings_;
    Host* host_ = nullptr;
    SeriesId series_{};
    LoopHandle timer_;
    std::string problem_;
};

}  // namespace cxedge::plugins
