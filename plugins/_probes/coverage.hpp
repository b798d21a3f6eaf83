// SPDX-License-Identifier: Apache-2.0
// Judges the coverage of a radio (Wi-Fi, cellular) over its runs: events `coverage.degraded` and
// `link.flap`, each raised once and cleared once. Pure: time and figures come from outside.
// Thread: any, one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/settings.hpp"
#include "agent/model/event.hpp"

namespace cxedge::probes {

// Settings of radios derive from it, too.
struct CoverageSettings {
    double hysteresis_db = 5;                        // as much above the limit it is good again
    std::int64_t weak_runs = 3;                      // that many in a row make a change
    std::int64_t flaps = 4;                          // more changes than this ...
    std::chrono::milliseconds flap_window{600'000};  // ... within this
};

// T derives from CoverageSettings.
template <class T>
void add_coverage_keys(Schema<T>& schema) {
    schema
        .number("hysteresis_db", &T::hysteresis_db, "Good again is so much above the limit, in dB")
        .range(0, 40);
    schema.integer("weak_runs", &T::weak_runs, "So many weak runs in a row degrade the coverage")
        .range(1, 1'000);
    schema.integer("flaps", &T::flaps, "The link flaps when it changes more often than this ...")
        .range(1, 1'000);
    schema.duration("flap_window_s", &T::flap_window, "... within this time").range(10, 86'400);
}

// What a run saw.
struct CoverageLook {
    SteadyTime at{};
    std::optional<double> dbm;      // strength; nothing: not measured, which judges neither way
    double limit_dbm = 0;           // weak is less than this
    std::string measure = "RSSI";   // what `dbm` is, for the text
    std::optional<bool> connected;  // nothing: unknown
    int unseen_changes = 0;         // since the run before, besides the difference of `connected`
};

class CoverageJudge {
public:
    // `subject`: what the events are about ("wlan0").
    CoverageJudge(const CoverageSettings& settings, std::string subject);
    [[nodiscard]] std::vector<Event> take(const CoverageLook& look);

private:
    void judge_strength(const CoverageLook& look, std::vector<Event>& events);
    void judge_link(const CoverageLook& look, std::vector<Event>& events);
    Event event(const char* name, Severity severity, std::optional<EventId>& alarm) const;

    CoverageSettings settings_;
    std::string subject_;
    std::int64_t in_row_ = 0;  // runs that speak against the present judgement
    std::optional<EventId> degraded_;
    std::optional<bool> connected_;
    std::deque<SteadyTime> changes_;  // within the window, never more than kMostChanges
    std::optional<EventId> flapping_;
};

}  // namespace cxedge::probes
