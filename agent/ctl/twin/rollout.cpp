// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/rollout.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/wire/desired.hpp"

namespace cxedge::ctl {
namespace {

constexpr unsigned kAll = 100;

bool is_about(const wire::TwinAttempt& attempt, const Generations& generations) {
    return std::find(generations.begin(), generations.end(), attempt.version.generation) !=
           generations.end();
}

std::string_view node_of(std::string_view site_and_node) {
    return site_and_node.substr(site_and_node.find('/') + 1);
}

}  // namespace

std::vector<unsigned> parse_stages(const std::string& text) {
    std::vector<unsigned> stages;
    const char* at = text.data();
    const char* end = at + text.size();
    while (at < end) {
        unsigned percent = 0;
        const auto read = std::from_chars(at, end, percent);
        const bool rising =
            percent >= 1 && percent <= kAll && (stages.empty() || percent > stages.back());
        if (read.ec != std::errc() || !rising || (read.ptr != end && *read.ptr != ',')) {
            return {};
        }
        stages.push_back(percent);
        at = read.ptr == end ? end : read.ptr + 1;
    }
    return stages;
}

wire::TwinOutcome outcome_at(const wire::Reported& reported, const Generations& generations) {
    for (const wire::TwinAttempt& attempt : reported.history) {
        if (is_about(attempt, generations)) {
            return attempt.outcome;
        }
    }
    return wire::TwinOutcome::none;
}

bool is_touched(const wire::Reported& reported, const Generations& generations) {
    return is_about(reported.last_attempt, generations) ||
           outcome_at(reported, generations) != wire::TwinOutcome::none;
}

bool has_begun(const wire::Reported& reported, const Generations& generations) {
    return outcome_at(reported, generations) == wire::TwinOutcome::none &&
           is_touched(reported, generations);
}

bool is_failure(wire::TwinOutcome outcome) {
    return outcome == wire::TwinOutcome::rejected || outcome == wire::TwinOutcome::rolled_back;
}

StageCount count_stage(
    const Fleet& fleet, const RolloutPlan& plan, std::size_t stage, const Generations& generations
) {
    StageCount count;
    for (const auto& [name, reported] : fleet) {
        const bool in_part = wire::node_bucket(node_of(name)) < plan.stages.at(stage);
        if (!in_part && plan.canary.count(name) == 0) {
            continue;
        }
        ++count.nodes;
        const wire::TwinOutcome outcome = outcome_at(reported, generations);
        count.confirmed += outcome == wire::TwinOutcome::confirmed ? 1 : 0;
        count.failed += is_failure(outcome) ? 1U : 0U;
        count.begun += has_begun(reported, generations) ? 1U : 0U;
    }
    return count;
}

StageCount given_up(StageCount count) {
    count.failed += std::exchange(count.begun, 0);
    return count;
}

RolloutStep next_step(
    const RolloutPlan& plan, std::size_t stage, const StageCount& count, bool patient
) {
    const auto share = static_cast<double>(count.failed) * kAll;
    if (count.failed > 0 && share > plan.abort_percent * static_cast<double>(count.nodes)) {
        return RolloutStep::abort;
    }
    if (count.pending() > 0 && patient) {
        return RolloutStep::wait;
    }
    // A stage in which nobody proved anything is no ground to go on.
    if (count.confirmed == 0 && count.nodes > 0) {
        return RolloutStep::abort;
    }
    return stage + 1 < plan.stages.size() ? RolloutStep::next_stage : RolloutStep::done;
}

}  // namespace cxedge::ctl
