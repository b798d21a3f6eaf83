// SPDX-License-Identifier: Apache-2.0
// A staged roll-out, decided from what nodes report: no I/O, no clock. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/wire/reported.hpp"

namespace cxedge::ctl {

struct RolloutPlan {
    // Percent, rising; the last one is usually 100. 0: the canaries alone.
    std::vector<unsigned> stages{100};
    double abort_percent = 5;        // more nodes of a stage failed: stop
    std::set<std::string> canary{};  // "site/node": in every stage
};
// "1,10,100": each 1 to 100 and greater than the one before; empty: wrong.
std::vector<unsigned> parse_stages(const std::string& text);

// By "site/node": what each node of the group said last.
using Fleet = std::map<std::string, wire::Reported>;

struct StageCount {
    std::size_t nodes = 0;  // in this stage, earlier ones included
    std::size_t confirmed = 0;
    std::size_t failed = 0;  // rejected or rolled back; of given_up() also `begun`
    std::size_t begun = 0;   // of those pending: have taken it, and its end is not known
    [[nodiscard]] std::size_t pending() const { return nodes - confirmed - failed; }
    bool operator==(const StageCount&) const = default;
};
// Of a stage. `generations`: of the stages so far; any of them counts, and the latest word about
// them.
using Generations = std::vector<std::uint64_t>;
StageCount count_stage(
    const Fleet& fleet, const RolloutPlan& plan, std::size_t stage, const Generations& generations
);
// Of a stage that gets no more time. Who took the document and then fell silent has failed: that is
// what a configuration looks like that cuts a box off.
StageCount given_up(StageCount count);
// Whether a node has begun with any of them, and what became of that.
bool is_touched(const wire::Reported& reported, const Generations& generations);
wire::TwinOutcome outcome_at(const wire::Reported& reported, const Generations& generations);
// It has taken one of them, and its end is not known.
bool has_begun(const wire::Reported& reported, const Generations& generations);
// Rejected or rolled back.
bool is_failure(wire::TwinOutcome outcome);

enum class RolloutStep { wait, next_stage, done, abort };
// `patient`: false once no more time is given; `count` is then given_up(), and nodes that have not
// even seen the document are left to the retained one.
RolloutStep next_step(
    const RolloutPlan& plan, std::size_t stage, const StageCount& count, bool patient
);

}  // namespace cxedge::ctl
