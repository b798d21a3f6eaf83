// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/plugin_api/source.hpp"

#include "plugins/store_state/store_judge.hpp"

namespace cxedge::plugins {

struct StoreStateSettings {
    double schedule_weight = 1;
    double threshold = 0.2;
    std::chrono::milliseconds settle{300'000};
    std::chrono::milliseconds late{900'000};
    std::chrono::milliseconds early{900'000};
    std::chrono::milliseconds after_hours{1'800'000};
    std::chrono::milliseconds prepare{7'200'000};
    std::chrono::milliseconds remember{1'800'000};
    std::string cleaning = "closed";
    std::vector<std::pair<std::string, std::string>> dims;
    std::vector<EvidenceRule> evidence;
};

// Concludes from the readings of other sources whether the shop is open.
class StoreState final : public Source {
public:
    static std::vector<SettingHelp> settings_help();

    void init(const SettingsNode& settings, SettingsProblems& problems) override;
    Status start(Host& host) override;
    void stop() override;

    // What a timer does every five seconds.
    void look();

private:
    Status follow();
    Status follow_evidence(std::size_t number);
    void tell(const StoreNews& news);
    void publish();
    [[nodiscard]] StoreJudge::Now now() const;

    StoreStateSettings settings_;
    JudgeRules rules_;
    OpeningHours hours_;
    Host* host_ = nullptr;
    std::shared_ptr<StoreJudge> judge_;  // while it runs; readings come to it, or to nobody
    SeriesId series_{};
    StoreOpen told_ = StoreOpen::unknown;
    SteadyTime told_at_{};
    std::string kept_;
    LoopHandle timer_;
};

}  // namespace cxedge::plugins
