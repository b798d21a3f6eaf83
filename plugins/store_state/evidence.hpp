// SPDX-License-Identifier: Apache-2.0
// What one kind of reading says about whether the shop is open. Pure. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/model/series.hpp"

namespace cxedge::plugins {

struct EvidenceRule {
    std::string name;                                       // "door", in events
    std::string metric;                                     // as in Host::follow()
    std::vector<std::pair<std::string, std::string>> dims;  // only series with these
    // From `on` upwards it says open, below `off` closed, between them what it said before.
    double on = 1;
    double off = 1;
    // The readings are counts: what counts is their sum in `window`.
    bool counts = false;
    std::chrono::milliseconds window{900'000};
    double weight = 1;
    std::string says = "both";  // open: it never speaks for closed; closed: never for open
    std::chrono::milliseconds stale{7'200'000};  // without news for so long it says nothing
    std::chrono::milliseconds stuck{
        129'600'000};       // "open" for so long is a broken sensor; 0: never
    bool presence = false;  // it means that somebody is inside: alarms after hours
};

// The rules of a site that gives none: whatever it has of these.
std::vector<EvidenceRule> usual_evidence();

class Evidence {
public:
    enum class Says : std::uint8_t { nothing, open, closed };

    explicit Evidence(EvidenceRule rule) : rule_(std::move(rule)) {}

    [[nodiscard]] const EvidenceRule& rule() const { return rule_; }
    // `at` is when it was measured.
    void take(const SeriesInfo& info, double value, SteadyTime at);
    // What it says now, with hysteresis; call it in the order of time.
    Says says(SteadyTime now);
    // The number behind that; empty: none.
    [[nodiscard]] std::optional<double> value(SteadyTime now) const;
    // It said "open" for too long.
    [[nodiscard]] bool is_stuck(SteadyTime now) const;

private:
    struct Counted {
        SteadyTime at;
        double amount;
    };
    struct Level {
        SteadyTime at;
        double value;
    };
    [[nodiscard]] bool fits(const SeriesInfo& info) const;
    void count(const SeriesInfo& info, double value, SteadyTime at);

    EvidenceRule rule_;
    std::map<SeriesKey, Level> levels_;  // last of each series; of counters their register
    std::deque<Counted> counted_;
    std::optional<SteadyTime> news_;
    bool is_on_ = false;
    std::optional<SteadyTime> on_since_;
};

}  // namespace cxedge::plugins
