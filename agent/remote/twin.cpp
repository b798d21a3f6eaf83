// SPDX-License-Identifier: Apache-2.0
#include "agent/remote/twin.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/wire/text.hpp"

namespace cxedge::remote {
namespace {

using Phase = TwinPhase;
using Input = TwinInput;
using Action = TwinAction;

// A plugin may find any number of mistakes; the file on disk and the report hold this much.
constexpr std::size_t kMostReasons = 16;
constexpr std::size_t kMostReasonBytes = 300;

std::vector<std::string> bounded(const std::vector<std::string>& reasons) {
    const std::size_t whole = reasons.size() > kMostReasons ? kMostReasons - 1 : reasons.size();
    std::vector<std::string> kept;
    kept.reserve(kMostReasons);
    for (std::size_t i = 0; i < whole; ++i) {
        kept.push_back(wire::clean_utf8(reasons[i], kMostReasonBytes));
    }
    if (whole < reasons.size()) {
        kept.push_back(fmt::format("and {} more", reasons.size() - whole));
    }
    return kept;
}

void remember_attempt(TwinState& state, TwinAttempt attempt) {
    state.history.insert(state.history.begin(), std::move(attempt));
    state.history.resize(std::min(state.history.size(), kHistory));
}

void deny(TwinState& state, const std::string& hash) {
    std::erase(state.denied, hash);
    state.denied.insert(state.denied.begin(), hash);
    state.denied.resize(std::min(state.denied.size(), kMostDenied));
}

void end_attempt(TwinState& state, TwinOutcome outcome, const TwinMoment& moment) {
    const TwinDocument& document = state.candidate;
    remember_attempt(
        state, {document.version, outcome, state.reasons, moment.wall, document.key_id}
    );
    state.candidate = {};
    state.starts = 0;
    state.trial_until = BootTime(0);
    state.boot.clear();
    state.reasons.clear();
    state.link_was_up = false;
    state.unwell.clear();
}

void confirm(TwinState& state, const TwinMoment& moment) {
    if (!state.candidate.keys.empty()) {
        state.keys = state.candidate.keys;
        state.keys_instead_of = moment.pinned_hash;
    }
    state.good = state.candidate;
    state.site_hash = moment.site_hash;
    std::erase(state.denied, state.good.version.hash);
    end_attempt(state, TwinOutcome::confirmed, moment);
}

// A start in the middle of a trial does not make it longer; a reboot does, its clock began anew.
void begin_trial(TwinState& state, const TwinMoment& moment) {
    if (state.trial_until == BootTime(0) || state.boot != moment.boot_id) {
        state.boot = moment.boot_id;
        state.trial_until = moment.boot + state.candidate.trial;
    }
}

// Its checks and its starts are counted.
bool is_tried(Phase phase) {
    return phase == Phase::staged || phase == Phase::applying || phase == Phase::trial;
}

void enter(TwinState& state, const TwinRule& rule, const TwinMoment& moment) {
    // As the document came, before anything of it was touched: after a start in `staged` the link
    // is not up yet and the sources are not, which would excuse all that the document breaks.
    if (rule.input == Input::offered) {
        state.link_was_up = true;  // it came over it, however long ago
        state.unwell = moment.unwell;
        state.starts = 1;
    }
    if (rule.input == Input::valid) {
        state.link_was_up = state.link_was_up || moment.link_up;
        state.starts = 0;
    }
    if (rule.input == Input::started && is_tried(rule.next)) {
        ++state.starts;
    }
    if (rule.next == Phase::trial) {
        begin_trial(state, moment);
    }
    if (rule.next == Phase::rolling_back && rule.phase != Phase::rolling_back) {
        state.reasons = bounded(moment.reasons);
        deny(state, state.candidate.version.hash);
    }
}

void leave(TwinState& state, const TwinRule& rule, const TwinMoment& moment) {
    if (rule.input == Input::proven) {
        confirm(state, moment);
    } else if (rule.phase == Phase::staged) {
        if (rule.input == Input::spent) {
            deny(state, state.candidate.version.hash);
        }
        state.reasons = bounded(moment.reasons);
        end_attempt(state, TwinOutcome::rejected, moment);
    } else if (rule.phase == Phase::rolling_back) {
        end_attempt(state, TwinOutcome::rolled_back, moment);
    }
}

}  // namespace

const std::vector<TwinRule>& twin_rules() {
    static const std::vector<TwinRule> kRules{
        {Phase::idle, Input::offered, Phase::staged, Action::validate},
        {Phase::idle, Input::started, Phase::idle, Action::none},
        {Phase::staged, Input::valid, Phase::applying, Action::apply},
        {Phase::staged, Input::invalid, Phase::idle, Action::report},
        {Phase::staged, Input::started, Phase::staged, Action::validate},
        {Phase::staged, Input::spent, Phase::idle, Action::report},
        {Phase::applying, Input::applied, Phase::trial, Action::watch},
        {Phase::applying, Input::failed, Phase::rolling_back, Action::restore},
        {Phase::applying, Input::started, Phase::applying, Action::apply},
        {Phase::applying, Input::spent, Phase::rolling_back, Action::restore},
        {Phase::trial, Input::proven, Phase::idle, Action::report},
        {Phase::trial, Input::doubted, Phase::rolling_back, Action::restore},
        {Phase::trial, Input::started, Phase::applying, Action::apply},
        {Phase::trial, Input::spent, Phase::rolling_back, Action::restore},
        {Phase::rolling_back, Input::applied, Phase::idle, Action::report},
        {Phase::rolling_back, Input::failed, Phase::rolling_back, Action::restore},
        {Phase::rolling_back, Input::started, Phase::rolling_back, Action::restore},
    };
    return kRules;
}

TwinStep advance(TwinState state, TwinInput input, const TwinMoment& moment) {
    const auto& rules = twin_rules();
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const TwinRule& candidate) {
        return candidate.phase == state.phase && candidate.input == input;
    });
    if (rule == rules.end()) {
        return {std::move(state), Action::illegal};
    }
    enter(state, *rule, moment);
    state.phase = rule->next;
    if (rule->next == Phase::idle) {
        leave(state, *rule, moment);
    }
    return {std::move(state), rule->action};
}

TwinStep stage(TwinState state, TwinDocument document, const TwinMoment& moment) {
    if (state.phase != Phase::idle) {
        return {std::move(state), Action::illegal};
    }
    state.highest = document.version.generation;
    state.candidate = std::move(document);
    return advance(std::move(state), Input::offered, moment);
}

TwinStep begin(TwinState state, const TwinMoment& moment) {
    if (!is_tried(state.phase) || state.starts < kMostStarts) {
        return advance(std::move(state), Input::started, moment);
    }
    TwinMoment now = moment;
    now.reasons = {
        state.phase == Phase::staged
            ? "the agent ended twice while it was checked"
            : "the agent ended twice with this configuration before it was confirmed"};
    return advance(std::move(state), Input::spent, now);
}

TwinStep conclude(
    TwinState state, const TwinDocument& document, TwinOutcome outcome, const TwinMoment& moment
) {
    if (state.phase != Phase::idle) {
        return {std::move(state), Action::illegal};
    }
    state.highest = document.version.generation;
    if (outcome == TwinOutcome::confirmed) {
        state.candidate = document;
        confirm(state, moment);
        return {std::move(state), Action::report};
    }
    remember_attempt(
        state, {document.version, outcome, bounded(moment.reasons), moment.wall, document.key_id}
    );
    return {std::move(state), Action::report};
}

const TwinDocument& wanted(const TwinState& state) {
    const bool tried = state.phase == Phase::applying || state.phase == Phase::trial;
    return tried ? state.candidate : state.good;
}

TrialResult judge_trial(const TwinState& state, const TrialView& view, BootTime now) {
    if (now < state.trial_until) {
        return {};
    }
    TrialResult result;
    result.over = true;
    if (!view.sources_well || !view.storage_well) {
        result.reasons.push_back(view.what_is_wrong);
    }
    if (!view.delivered && state.link_was_up) {
        result.reasons.emplace_back(
            "nothing was acknowledged on a connection made with this configuration"
        );
    }
    result.proven = result.reasons.empty();
    return result;
}

}  // namespace cxedge::remote
