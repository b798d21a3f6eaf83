// SPDX-License-Identifier: Apache-2.0
#include "agent/app/twin_driver.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "agent/app/checked_load.hpp"
#include "agent/base/log.hpp"
#include "agent/base/version.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::app {
namespace {

using remote::TwinAction;
using remote::TwinInput;
using remote::TwinOutcome;
using remote::TwinPhase;
using Kind = remote::Verdict::Kind;

constexpr const char* kSpool = "spool";

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

bool is_well(const telemetry::SourceHealth& source) {
    return source.state == "running" && source.restarts == 0 && source.problem.empty();
}

std::vector<std::string> unwell_of(const telemetry::Health& health) {
    std::vector<std::string> names;
    for (const telemetry::SourceHealth& source : health.sources) {
        if (!is_well(source)) {
            names.push_back(source.name);
        }
    }
    if (!health.storage_problem.empty()) {
        names.emplace_back(kSpool);
    }
    return names;
}

std::string describe(const telemetry::Health& health, const std::string& name) {
    for (const telemetry::SourceHealth& source : health.sources) {
        if (source.name == name) {
            return fmt::format(
                "source {} is {}, restarted {} times: {}",
                name,
                source.state,
                source.restarts,
                source.problem
            );
        }
    }
    return "spool: " + health.storage_problem;
}

std::vector<remote::PublicKey> keys_of(const config::AgentConfig& config) {
    std::vector<remote::PublicKey> keys;
    for (const std::string& text : config.remote.keys) {
        if (const auto key = remote::PublicKey::parse(text)) {
            keys.push_back(*key);
        }
    }
    return keys;
}

}  // namespace

TwinDriver::TwinDriver(const Places& places, const Clock& clock)
    : places_(places), clock_(clock), keeper_(places, clock) {
    const bool staged = keeper_.state().phase == TwinPhase::staged;
    const remote::TwinStep step = remote::begin(keeper_.state(), keeper_.moment());
    if (const Status kept = keeper_.keep(step.state); !kept) {
        keeper_.give_up_unkept(kept.error().message);
    }
    ended_at_start_ = staged && keeper_.state().phase == TwinPhase::idle;
}

TwinDriver::~TwinDriver() {
    leave();
}

// ---- at start ----

std::string TwinDriver::wanted() const {
    return site_alone_ ? std::string() : remote::wanted(keeper_.state()).config;
}

bool TwinDriver::does_not_start(const Error& why) {
    if (keeper_.state().phase != TwinPhase::applying) {
        return false;
    }
    log::error(
        "twin", "what is on trial does not start, back to the last good one: " + why.message
    );
    remote::TwinMoment now = keeper_.moment();
    now.reasons = lines_of(why.message);
    const auto step = remote::advance(keeper_.state(), TwinInput::failed, now);
    if (const Status kept = keeper_.keep(step.state); !kept) {
        keeper_.give_up_unkept(kept.error().message);
    }
    return true;
}

bool TwinDriver::does_not_load(const Error& why) {
    if (does_not_start(why)) {
        return true;
    }
    if (wanted().empty()) {
        return false;
    }
    site_alone_ = true;
    const std::string what = fmt::format(
        "generation {} does not load any more and is not in force: {}",
        keeper_.state().good.version.generation,
        why.message.substr(0, why.message.find('\n'))
    );
    log::error("twin", what);
    keeper_.note_drift(what);
    return true;
}

// ---- beside the agent ----

std::vector<std::string> TwinDriver::topics(const config::AgentConfig& config) const {
    if (config.remote.keys.empty()) {
        return {};
    }
    const wire::NodeIdentity node = identity_of(config);
    std::vector<std::string> all{wire::Topics(node.tenant, node.site, node.node).twin_desired()};
    for (const std::string& group : config.remote.groups) {
        all.push_back(wire::group_desired_topic(node.tenant, group));
    }
    return all;
}

bool TwinDriver::follows() const {
    return following_ && !keeper_.pinned().empty();
}

void TwinDriver::follow(const config::AgentConfig& config, TwinSurroundings around) {
    const wire::NodeIdentity node = identity_of(config);
    self_ = {node.tenant, node.node, config.remote.groups, std::string(version())};
    site_ = node.site;
    around_ = std::move(around);
    following_ = true;
    keeper_.pin(keys_of(config));
    if (std::exchange(ended_at_start_, false)) {
        over();
    }
    const TwinPhase phase = keeper_.state().phase;
    if (phase == TwinPhase::applying || phase == TwinPhase::rolling_back) {
        take(remote::advance(keeper_.state(), TwinInput::applied, moment()));
    } else if (phase == TwinPhase::staged) {
        validate();
    }
    report();
}

void TwinDriver::leave() {
    following_ = false;
    if (checker_.joinable()) {
        checker_.join();
    }
}

remote::TwinMoment TwinDriver::moment() const {
    remote::TwinMoment now = keeper_.moment();
    now.link_up = around_.uplink().connection == uplink::Connection::online;
    now.unwell = unwell_of(around_.health());
    return now;
}

// The state is on disk before anything is done about it.
bool TwinDriver::take(const remote::TwinStep& step) {
    if (const Status kept = keeper_.keep(step.state); !kept) {
        log::error("twin", "its state cannot be kept, nothing changes: " + kept.error().message);
        return false;
    }
    report();
    act(step.action);
    return true;
}

void TwinDriver::act(TwinAction action) {
    const remote::TwinState& state = keeper_.state();
    switch (action) {
        case TwinAction::validate:
            validate();
            return;
        case TwinAction::apply:
        case TwinAction::restore:
            run_wanted();
            return;
        case TwinAction::watch:
            tell(
                "config.applied",
                Severity::info,
                fmt::format("generation {} is on trial", state.candidate.version.generation)
            );
            return;
        case TwinAction::report:
            over();
            return;
        case TwinAction::none:
        case TwinAction::illegal:
            return;
    }
}

// On a thread of its own: a plugin's process may take its time to answer.
void TwinDriver::validate() {
    if (checker_.joinable()) {
        checker_.join();
    }
    checker_ = std::thread([this, config = keeper_.state().candidate.config, post = around_.post] {
        const auto loaded = load_checked(places_, config);
        const std::vector<std::string> problems =
            loaded ? check_sources(*loaded, places_) : lines_of(loaded.error().message);
        post([this, problems] { judged(problems); });
    });
}

void TwinDriver::judged(const std::vector<std::string>& problems) {
    if (!following_) {
        return;
    }
    remote::TwinMoment now = moment();
    now.reasons = problems;
    const TwinInput input = problems.empty() ? TwinInput::valid : TwinInput::invalid;
    take(remote::advance(keeper_.state(), input, now));
}

remote::TrialView TwinDriver::view() const {
    const telemetry::Health health = around_.health();
    const std::vector<std::string>& excused = keeper_.state().unwell;
    remote::TrialView view{true, true, false, ""};
    for (const std::string& name : unwell_of(health)) {
        if (std::find(excused.begin(), excused.end(), name) == excused.end()) {
            view.sources_well = false;
            view.what_is_wrong = describe(health, name);
        }
    }
    const uplink::UplinkStatus uplink = around_.uplink();
    // The platform's word alone may be for what was sent before.
    view.delivered = uplink.batches_accepted > 0 && uplink.batches_delivered > 0;
    return view;
}

void TwinDriver::tick() {
    if (!following_) {
        return;
    }
    if (std::exchange(refusal_untold_, false)) {
        report();
    }
    if (keeper_.state().phase == TwinPhase::trial) {
        end_trial(remote::judge_trial(keeper_.state(), view(), clock_.boot_now()));
    } else if (keeper_.state().phase == TwinPhase::idle) {
        offer_held();
    }
}

void TwinDriver::end_trial(const remote::TrialResult& result) {
    if (!result.over) {
        return;
    }
    remote::TwinMoment now = moment();
    now.reasons = result.reasons;
    const TwinInput input = result.proven ? TwinInput::proven : TwinInput::doubted;
    const bool is_kept = take(remote::advance(keeper_.state(), input, now));
    // A bad one must not stay for a full disk: the start gives it up unkept.
    const bool must_go = !result.proven && !is_kept;
    if (must_go || (result.proven && is_kept && limits_wait_)) {
        around_.restart();
    }
}

// One of them may be staged: the others wait again.
void TwinDriver::offer_held() {
    for (const auto& [topic, payload] : std::exchange(held_, {})) {
        receive(topic, payload);
    }
}

}  // namespace cxedge::app
