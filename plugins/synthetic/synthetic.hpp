// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/synthetic/generator.hpp"

namespace cxedge::plugins {

struct SyntheticEvent {
    std::string name;
    std::string severity = "info";
    std::string subject;
    std::string text = "made up by the synthetic plugin";
    std::chrono::milliseconds period{60'000};
};

struct SyntheticSettings {
    std::int64_t seed = 1;
    std::vector<SyntheticSeries> series;
    std::vector<SyntheticEvent> events;
};

// Emits what is due by the clock since start(); a late tick catches up, so that the number of
// readings depends on the time alone.
class Synthetic final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

private:
    struct Running {
        SeriesId id{};
        double rate_hz = 1;
        Generator generator;
        std::int64_t emitted = 0;
    };

    Status declare_all(Host& host);
    void tick();
    void emit_due(Running& running, double elapsed_s);
    void emit_due_events(double elapsed_s);

    SyntheticSettings settings_;
    Host* host_ = nullptr;
    LoopHandle timer_;
    SteadyTime started_{};
    std::vector<Running> running_;
    std::vector<std::int64_t> events_emitted_;
    std::uint64_t refused_ = 0;
};

}  // namespace cxedge::plugins
