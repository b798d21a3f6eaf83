// SPDX-License-Identifier: Apache-2.0
// What is asked of the history of a box, and what it answers. Plain values: the control socket and
// commands from afar carry the same.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/model/event.hpp"
#include "agent/model/histogram.hpp"
#include "agent/model/sample.hpp"
#include "agent/model/series.hpp"

namespace cxedge {

struct HistoryQuery {
    static constexpr std::size_t kMostRows = 1000;

    // "metric" for all its series, or "metric{key=value,...}" for one; * is any run of characters.
    // For events: their name.
    std::string series = "*";
    bool events = false;
    // from < t <= to.
    WallTime from{};
    WallTime to{};
    std::chrono::milliseconds step{0};  // finer values become steps this long; 0: as they are kept
    std::size_t limit = kMostRows;      // of one page; a page may be shorter and not the last
    std::string after;                  // HistoryPage::next of the page before; empty: the first
};

// One sample as it was, or all samples of a step.
struct HistoryValue {
    std::size_t series = 0;             // index in HistoryPage::series
    WallTime at{};                      // of a step: its end
    std::chrono::milliseconds step{0};  // 0: one sample
    std::uint64_t samples = 0;
    std::uint64_t lost = 0;  // samples that are known to be missing
    // Of `n` values: samples, or observations of histograms. Exact, whatever the step.
    std::uint64_t n = 0;
    double sum = 0;
    // Meaningful if n > 0.
    double min = 0;
    double max = 0;
    double last = 0;
    std::optional<Histogram> histogram;
};

struct HistoryPage {
    std::vector<SeriesInfo> series;
    std::vector<HistoryValue> values;  // series by series, each in order of time
    std::vector<Event> events;         // in order of time
    std::string next;                  // for HistoryQuery::after; empty: this is the last page
};

// A series of the history, to be sent once more. `sample.series` means nothing.
struct ReplayedSample {
    SeriesInfo series;
    Sample sample;
};

}  // namespace cxedge
