// SPDX-License-Identifier: Apache-2.0
// What became of tests, as series and events. Thread: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/plugin_api/host.hpp"

#include "plugins/_probes/probe.hpp"

namespace cxedge::probes {

class Teller {
public:
    // `dims` are added to every series; host outlives it.
    Teller(Host& host, const std::vector<std::pair<std::string, std::string>>& dims);

    // probe.result of the target, and all figures.
    void found(const Target& target, const Finding& finding);
    // A run that did not begin: only its result.
    void not_run(const Target& target, ProbeResult why);
    // probe.skipped: cycles without a run, by reason: late, busy, suppressed, stopped, capped.
    void skipped(std::string_view reason, std::uint64_t cycles);
    // probe.start_delay: how far behind its slot a run began.
    void began(std::chrono::milliseconds behind_slot);
    // Once a minute: probe.last_run_age (of the target that waits longest), net.data.used (since
    // the last time).
    void minute(std::chrono::seconds last_run_age, std::string_view interface, BudgetUse used);
    // Raised with the first run that the budget stops, cleared with the first that runs again.
    void budget_is_spent(bool spent);

private:
    // Declared once; nothing: the agent refused it and said why.
    std::optional<SeriesId> series(SeriesInfo info);
    void emit(SeriesInfo info, const std::vector<double>& values);
    [[nodiscard]] SeriesInfo of_test(std::string_view metric, Kind kind, std::string_view unit)
        const;
    void tell_result(const Target& target, ProbeResult result);
    [[nodiscard]] EventId alarm_id() const;

    Host& host_;
    std::vector<Dimension> dims_;
    std::string test_;
    std::map<SeriesKey, std::optional<SeriesId>> known_;
    std::optional<EventId> spent_;
};

}  // namespace cxedge::probes
