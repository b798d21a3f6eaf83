// SPDX-License-Identifier: Apache-2.0
// From samples of one target to series of the agent: names, labels, limits. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/plugin_api/host.hpp"

#include "plugins/_devices/privacy.hpp"
#include "plugins/prometheus/exposition.hpp"
#include "plugins/prometheus/scrape_settings.hpp"

namespace cxedge::plugins {

// What all targets of a source share.
struct SeriesBudget {
    std::int64_t left = 0;
};

class ScrapedSeries {
public:
    struct Series {
        SeriesId id{};
        Kind kind = Kind::gauge;
        std::uint64_t scrape = 0;  // number of the last scrape that had it
        std::optional<std::int64_t> time_ms;
        // Two samples of one scrape were the same series without a personal label.
        bool ambiguous = false;
    };
    // Of one scrape.
    struct Tally {
        std::uint64_t refused = 0;  // by the agent
        std::uint64_t over = 0;     // more series than max_series
        std::uint64_t ambiguous = 0;
        std::set<std::string> refused_names;  // a few of them, new in this scrape
        devices::PrivateFields private_labels;
    };

    ScrapedSeries(Host& host, const ScrapeRules& rules, std::string device, SeriesBudget& budget);

    void begin_scrape();
    // Where the sample belongs; null: not wanted, or in the tally.
    Series* find(const ExposedSample& sample);
    [[nodiscard]] const Tally& tally() const { return tally_; }
    // Gauges that the last finished scrape had.
    void for_each_due(const std::function<void(SeriesId)>& each) const;

private:
    struct Known {
        Series* series = nullptr;
        devices::PrivateFields private_labels;
    };

    [[nodiscard]] bool wanted(std::string_view name) const;
    [[nodiscard]] std::string metric_of(std::string_view name) const;
    SeriesKey key_of_sample(const ExposedSample& sample, Known& known) const;
    Series* declare(const ExposedSample& sample, Known& known);
    Series* use(Known& known);
    void note_refused(const std::string& metric);

    Host& host_;
    const ScrapeRules& rules_;
    const std::string device_;
    SeriesBudget& budget_;
    std::map<SeriesKey, Series> series_;
    std::map<std::string, Known, std::less<>> known_;  // by ExposedSample::series_text
    std::set<std::string, std::less<>> refused_;       // metrics
    std::uint64_t scrape_ = 0;
    Tally tally_;
};

}  // namespace cxedge::plugins
