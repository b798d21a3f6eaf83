// SPDX-License-Identifier: Apache-2.0
#include "agent/ctl/twin/rollout.hpp"

#include <functional>

#include <fmt/core.h>

#include "agent/wire/desired.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::ctl {
namespace {

using wire::TwinOutcome;

wire::Reported reported(std::uint64_t generation, TwinOutcome outcome) {
    wire::Reported out;
    out.history.push_back({{generation, ""}, outcome, {}, {}, ""});
    return out;
}

// 500 nodes that do what `does` says once a stage reaches them.
class Rehearsal {
public:
    explicit Rehearsal(std::function<TwinOutcome(int)> does) : does_(std::move(does)) {
        for (int i = 0; i < 500; ++i) {
            fleet_[name(i)] = {};
        }
    }
    struct End {
        RolloutStep step = RolloutStep::wait;
        unsigned percent = 0;
        std::size_t touched = 0;
    };
    End run(const RolloutPlan& plan) {
        End end;
        std::vector<std::uint64_t> generations;
        for (std::size_t stage = 0; stage < plan.stages.size(); ++stage) {
            end.percent = plan.stages[stage];
            generations.push_back(100 + stage);
            end.touched = reach(end.percent, generations.back());
            const StageCount count = count_stage(fleet_, plan, stage, generations);
            CHECK(count.pending() == 0);
            end.step = next_step(plan, stage, count, true);
            if (end.step != RolloutStep::next_stage) {
                return end;
            }
        }
        return end;
    }

private:
    static std::string name(int i) { return fmt::format("store-{}/gw-{:04}", i % 50, i); }
    std::size_t reach(unsigned percent, std::uint64_t generation) {
        std::size_t touched = 0;
        for (int i = 0; i < 500; ++i) {
            const std::string node = name(i);
            if (wire::node_bucket(node.substr(node.find('/') + 1)) < percent) {
                fleet_[node] = reported(generation, does_(i));
                ++touched;
            }
        }
        return touched;
    }
    std::function<TwinOutcome(int)> does_;
    Fleet fleet_;
};

const RolloutPlan kPlan{{2, 10, 50, 100}, 5};

TEST_CASE("rollout: a good configuration reaches all", "[ctl]") {
    Rehearsal fleet([](int) { return TwinOutcome::confirmed; });
    const auto end = fleet.run(kPlan);
    CHECK(end.step == RolloutStep::done);
    CHECK(end.touched == 500);
}

TEST_CASE("rollout: a bad one stops at the first stage", "[ctl]") {
    Rehearsal fleet([](int) { return TwinOutcome::rolled_back; });
    const auto end = fleet.run(kPlan);
    CHECK(end.step == RolloutStep::abort);
    CHECK(end.percent == 2);
    CHECK(end.touched < 25);
}

TEST_CASE("rollout: one bad group of boxes stops it before it is everywhere", "[ctl]") {
    Rehearsal fleet([](int i) {
        return i % 10 == 3 ? TwinOutcome::rejected : TwinOutcome::confirmed;
    });
    const auto end = fleet.run(kPlan);
    CHECK(end.step == RolloutStep::abort);
    CHECK(end.percent < 100);
}

TEST_CASE("rollout: a few failures below the limit do not stop it", "[ctl]") {
    Rehearsal fleet([](int i) {
        return i == 77 ? TwinOutcome::rolled_back : TwinOutcome::confirmed;
    });
    CHECK(fleet.run({{50, 100}, 5}).step == RolloutStep::done);
}

TEST_CASE("rollout: silent nodes are waited for, then left to the retained document", "[ctl]") {
    CHECK(next_step(kPlan, 0, {10, 9, 0}, true) == RolloutStep::wait);
    CHECK(next_step(kPlan, 0, {10, 9, 0}, false) == RolloutStep::next_stage);
    CHECK(next_step(kPlan, 3, {10, 9, 0}, false) == RolloutStep::done);
    CHECK(next_step(kPlan, 0, {10, 0, 0}, false) == RolloutStep::abort);
    CHECK(next_step(kPlan, 0, {10, 8, 1}, true) == RolloutStep::abort);
    CHECK(next_step(kPlan, 0, {}, true) == RolloutStep::next_stage);  // nobody is in this part
}

TEST_CASE("rollout: boxes that took it and fell silent stop it", "[ctl]") {
    wire::Reported begun;
    begun.phase = wire::TwinPhase::trial;
    begun.last_attempt.version.generation = 7;
    const Fleet fleet{
        {"s/a", reported(7, TwinOutcome::confirmed)}, {"s/b", begun}, {"s/c", wire::Reported{}}};
    const StageCount count = count_stage(fleet, {}, 0, {7});
    CHECK(count == StageCount{3, 1, 0, 1});
    CHECK(given_up(count) == StageCount{3, 1, 1, 0});
    CHECK(next_step({{50, 100}, 5}, 0, count, true) == RolloutStep::wait);
    CHECK(next_step({{50, 100}, 5}, 0, given_up(count), false) == RolloutStep::abort);
    CHECK(next_step({{50, 100}, 40}, 0, given_up(count), false) == RolloutStep::next_stage);
}

TEST_CASE("rollout: only the word about these generations counts", "[ctl]") {
    Fleet fleet{{"s/a", reported(99, TwinOutcome::rolled_back)}};
    CHECK(count_stage(fleet, {}, 0, {100, 101}) == StageCount{1, 0, 0});
    fleet["s/a"] = reported(101, TwinOutcome::confirmed);
    CHECK(count_stage(fleet, {}, 0, {100, 101}) == StageCount{1, 1, 0});
}

TEST_CASE("rollout: canaries are in every stage, others by the hash of their name", "[ctl]") {
    Fleet fleet;
    for (int i = 0; i < 500; ++i) {
        fleet[fmt::format("s/gw-{:04}", i)] = {};
    }
    RolloutPlan plan{{0, 10}, 5, {"s/gw-0000", "s/gw-0001"}};
    CHECK(count_stage(fleet, plan, 0, {1}).nodes == 2);
    plan.canary.clear();
    CHECK(count_stage(fleet, plan, 0, {1}).nodes == 0);
    const auto tenth = count_stage(fleet, plan, 1, {1}).nodes;
    CHECK(tenth > 25);
    CHECK(tenth < 75);
}

TEST_CASE("rollout: a node is touched from the moment it begins", "[ctl]") {
    wire::Reported begun;
    begun.phase = wire::TwinPhase::trial;
    begun.last_attempt.version.generation = 7;
    CHECK(is_touched(begun, {7}));
    CHECK_FALSE(is_touched(begun, {6, 8}));
    CHECK(is_touched(reported(7, TwinOutcome::confirmed), {7}));
}

TEST_CASE("rollout: stages rise", "[ctl]") {
    CHECK(parse_stages("1,10,100") == std::vector<unsigned>{1, 10, 100});
    CHECK(parse_stages("100") == std::vector<unsigned>{100});
    for (const char* wrong : {"", "0", "101", "10,10", "50,10", "a", "1,,2", "1;2"}) {
        INFO(wrong);
        CHECK(parse_stages(wrong).empty());
    }
}

}  // namespace
}  // namespace cxedge::ctl
