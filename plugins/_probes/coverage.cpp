// SPDX-License-Identifier: Apache-2.0
#include "plugins/_probes/coverage.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "agent/base/ids.hpp"

namespace cxedge::probes {
namespace {

// The largest setting `flaps`, and one more: nothing is learnt from the rest.
constexpr std::size_t kMostChanges = 1'001;

}  // namespace

CoverageJudge::CoverageJudge(const CoverageSettings& settings, std::string subject)
    : settings_(settings), subject_(std::move(subject)) {}

std::vector<Event> CoverageJudge::take(const CoverageLook& look) {
    std::vector<Event> events;
    judge_strength(look, events);
    judge_link(look, events);
    return events;
}

void CoverageJudge::judge_strength(const CoverageLook& look, std::vector<Event>& events) {
    if (!look.dbm || !std::isfinite(*look.dbm)) {
        return;
    }
    const double limit = look.limit_dbm + (degraded_ ? settings_.hysteresis_db : 0);
    const bool weak = *look.dbm < limit;
    in_row_ = weak == degraded_.has_value() ? 0 : in_row_ + 1;
    if (in_row_ < settings_.weak_runs) {
        return;
    }
    in_row_ = 0;
    Event told = event("coverage.degraded", Severity::minor, degraded_);
    told.text = fmt::format(
        "{}: {} is {:.0f} dBm, {} {:.0f} dBm in {} runs",
        subject_,
        look.measure,
        *look.dbm,
        weak ? "under" : "at least",
        limit,
        settings_.weak_runs
    );
    events.push_back(std::move(told));
}

void CoverageJudge::judge_link(const CoverageLook& look, std::vector<Event>& events) {
    const bool changed = look.connected && connected_ && *look.connected != *connected_;
    const auto fresh =
        static_cast<std::size_t>(std::max(look.unseen_changes, 0) + (changed ? 1 : 0));
    connected_ = look.connected ? look.connected : connected_;
    changes_.insert(changes_.end(), std::min(fresh, kMostChanges), look.at);
    while (!changes_.empty() &&
           (changes_.size() > kMostChanges || look.at - changes_.front() > settings_.flap_window)) {
        changes_.pop_front();
    }
    const auto count = static_cast<std::int64_t>(changes_.size());
    // Half of it is calm again, so that a link at the limit does not flap its alarm.
    const bool turns = flapping_ ? count <= settings_.flaps / 2 : count > settings_.flaps;
    if (!turns) {
        return;
    }
    Event told = event("link.flap", Severity::warning, flapping_);
    told.text = fmt::format(
        "{}: {} {} changes of the connection in {} s",
        subject_,
        flapping_ ? "flaps," : "is calm again,",
        count,
        std::chrono::duration_cast<std::chrono::seconds>(settings_.flap_window).count()
    );
    events.push_back(std::move(told));
}

// Raises what is not raised, clears what is.
Event CoverageJudge::event(const char* name, Severity severity, std::optional<EventId>& alarm)
    const {
    Event event;
    event.name = name;
    event.severity = severity;
    event.state = alarm ? EventState::clear : EventState::raise;
    event.id = alarm ? *alarm : random_event_id();
    event.subject = subject_;
    alarm = alarm ? std::nullopt : std::optional(event.id);
    return event;
}

}  // namespace cxedge::probes
