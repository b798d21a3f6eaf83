// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/_devices/target_problems.hpp"
#include "plugins/prometheus/scrape_desk.hpp"
#include "plugins/prometheus/scrape_settings.hpp"

namespace cxedge::plugins {

// Scrapes exporters: text exposition format 0.0.4 and OpenMetrics 1.0 text.
class Prometheus final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    explicit Prometheus(devices::HttpLookup lookup = devices::look_up_host);
    Prometheus(const Prometheus&) = delete;
    Prometheus& operator=(const Prometheus&) = delete;
    ~Prometheus() override;

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    std::optional<SeriesId> declare(const char* metric, std::vector<Dimension> dims);
    void declare_own_series();
    void emit(const std::optional<SeriesId>& id, std::uint64_t count);
    [[nodiscard]] devices::IntakeSettings intake_settings() const;

    const devices::HttpLookup lookup_;
    ScrapeSettings settings_;
    Host* host_ = nullptr;
    SeriesBudget budget_;
    std::optional<devices::Intake> intake_;
    std::optional<devices::DeviceClock> clock_;
    std::optional<devices::HttpClient> client_;
    std::optional<ScrapeDesk::Shared> shared_;
    std::vector<std::unique_ptr<ScrapeDesk>> desks_;
    devices::TargetProblems<std::string> problems_;   // by device
    std::array<std::optional<SeriesId>, 3> scrapes_;  // by ScrapeOutcome
    std::optional<SeriesId> samples_;
    std::optional<SeriesId> refused_;
};

}  // namespace cxedge::plugins
