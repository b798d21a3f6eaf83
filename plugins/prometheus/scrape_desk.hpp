// SPDX-License-Identifier: Apache-2.0
// What becomes of one target's scrapes. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_devices/device_clock.hpp"
#include "plugins/_devices/http_targets.hpp"
#include "plugins/_devices/intake.hpp"
#include "plugins/prometheus/scrape_settings.hpp"
#include "plugins/prometheus/scraped_series.hpp"

namespace cxedge::plugins {

// What of all scrapes became, for prometheus.scrapes.
enum class ScrapeOutcome { ok, failed, skipped };

class ScrapeDesk {
public:
    struct Shared {
        Host& host;
        devices::Intake& intake;  // devices, complaints, what was dropped; not the readings
        devices::DeviceClock& clock;
        const ScrapeRules& rules;
        SeriesBudget& budget;
        std::function<void(ScrapeOutcome)> count;
        std::function<void(std::uint64_t samples, std::uint64_t refused)> count_samples;
        // Something about a target is wrong, or (empty) well again.
        std::function<void(const std::string& device, const std::string& problem)> problem;
    };

    ScrapeDesk(const Shared& shared, devices::HttpClient& client, const ScrapeTarget& target);

private:
    [[nodiscard]] devices::HttpCall call() const;
    void take(const devices::HttpReply& reply);
    void take_sample(const ExposedSample& sample);
    Status emit(ScrapedSeries::Series& series, const ExposedSample& sample);
    void told(const ExpositionSummary& summary);
    void tell_refused();
    void event_once(bool& said, const char* name, const std::string& text);
    void failed(const std::string& why);

    const Shared& shared_;
    const ScrapeTarget target_;
    const std::string device_;
    ScrapedSeries series_;
    std::uint64_t taken_ = 0;
    std::uint64_t refused_values_ = 0;
    std::uint64_t bad_values_ = 0;
    bool refused_said_ = false;
    bool over_said_ = false;
    devices::HttpCycle cycle_;  // last: calls back into all that
};

}  // namespace cxedge::plugins
