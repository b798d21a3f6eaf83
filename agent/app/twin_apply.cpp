// SPDX-License-Identifier: Apache-2.0
// The part of the twin's driver that makes the agent run what is wanted: here, or in a new process.
#include <utility>

#include <fmt/core.h>

#include "agent/app/checked_load.hpp"
#include "agent/app/trial_limits.hpp"
#include "agent/app/twin_driver.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {
namespace {

using remote::TwinInput;
using remote::TwinPhase;

std::string first_of(const std::vector<std::string>& reasons) {
    return reasons.empty() ? std::string() : ": " + reasons.front();
}

std::string describe_change(const ConfigChange& change) {
    return fmt::format(
        "{} sources end, {} begin, the uplink {}",
        change.sources.ended.size(),
        change.sources.begun.size(),
        change.uplink ? "connects anew" : "stays"
    );
}

}  // namespace

void TwinDriver::delete_nothing_yet(config::AgentConfig& config) {
    const TwinPhase phase = keeper_.state().phase;
    if (phase != TwinPhase::applying && phase != TwinPhase::trial) {
        return;
    }
    const auto good = load_checked(places_, keeper_.state().good.config);
    limits_wait_ = good && keep_what_good_keeps(config, good->config);
    if (limits_wait_) {
        log::info("twin", "smaller limits of the queue or the history wait for the trial's end");
    }
}

// Whatever is in doubt begins in a new process: the start knows every way on.
void TwinDriver::run_wanted() {
    const remote::TwinState& state = keeper_.state();
    log::info(
        "twin",
        fmt::format(
            "{} of generation {}{}",
            to_string(state.phase),
            state.candidate.version.generation,
            first_of(state.reasons)
        )
    );
    if (!run_wanted_here()) {
        around_.restart();
    }
}

// False: it cannot; nothing was touched.
bool TwinDriver::run_wanted_here() {
    auto next = load_checked(places_, remote::wanted(keeper_.state()).config);
    if (!next || site_alone_ || !keeper_.site_is_as_started()) {
        return false;
    }
    ConfigChange change = around_.compare(*next);
    if (!change.new_process_for.empty()) {
        log::info("twin", "a new process begins with it, for " + change.new_process_for);
        return false;
    }
    // A try like any other start: one that is cut short counts.
    if (!keeper_.keep(remote::begin(keeper_.state(), moment()).state)) {
        return false;
    }
    // A trial is proven on a connection of its own, also where only sources change.
    change.uplink = change.uplink || keeper_.state().phase == TwinPhase::applying;
    log::info("twin", describe_change(change));
    around_.change(std::move(*next), change, [this] {
        if (following_) {
            take(remote::advance(keeper_.state(), TwinInput::applied, moment()));
        }
    });
    return true;
}

}  // namespace cxedge::app
