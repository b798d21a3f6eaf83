// SPDX-License-Identifier: Apache-2.0
// The part of the twin's driver that looks at what comes from the network, and tells what became of
// it.
#include <utility>

#include <fmt/core.h>

#include "agent/app/twin_driver.hpp"
#include "agent/base/log.hpp"
#include "agent/base/version.hpp"
#include "agent/wire/topics.hpp"

namespace cxedge::app {
namespace {

using remote::TwinOutcome;
using remote::TwinPhase;
using Kind = remote::Verdict::Kind;

constexpr std::chrono::minutes kSameRefusal{1};

}  // namespace

void TwinDriver::receive(const std::string& topic, const std::string& payload) {
    if (!follows()) {
        return;
    }
    if (payload.empty()) {
        held_.erase(topic);  // the retained document was withdrawn
        return;
    }
    if (keeper_.state().phase != TwinPhase::idle) {
        held_[topic] = payload;
        return;
    }
    offer(topic, payload);
}

// A held one on its topic is newer, and must not be lost for it.
bool TwinDriver::receive_unretained(const std::string& topic, const std::string& payload) {
    if (!follows()) {
        return following_;  // without a key nothing could ever vouch for it
    }
    const bool busy = keeper_.state().phase != TwinPhase::idle || held_.count(topic) != 0;
    return !busy && offer(topic, payload);
}

// Nothing is looked into before a pinned key vouches for it.
bool TwinDriver::offer(const std::string& topic, const std::string& payload) {
    auto opened = remote::open_envelope(remote::Purpose::desired, payload, keys());
    if (!opened) {
        refuse(topic, opened.error().message);
        return true;
    }
    auto desired = wire::decode_desired(opened->body);
    if (!desired) {
        refuse(topic, desired.error().message);
        return true;
    }
    return judge(topic, payload, {std::move(*desired), std::move(opened->signers)});
}

bool TwinDriver::judge(
    const std::string& topic, const std::string& payload, const remote::Offer& offer
) {
    const auto verdict = remote::judge(keeper_.state(), self_, offer, clock_.wall_now());
    switch (verdict.kind) {
        case Kind::stage:
            return take(remote::stage(keeper_.state(), remote::document_of(offer), moment()));
        case Kind::same:
            return conclude(offer, TwinOutcome::confirmed, "");
        case Kind::reject:
            return conclude(offer, TwinOutcome::rejected, verdict.reason);
        case Kind::wait:
            held_[topic] = payload;
            return false;
        case Kind::refuse:
            refuse(topic, verdict.reason);
            return true;
        case Kind::not_for_us:
            return true;
    }
    return true;
}

bool TwinDriver::conclude(const remote::Offer& offer, TwinOutcome outcome, std::string reason) {
    remote::TwinMoment now = moment();
    if (!reason.empty()) {
        now.reasons = {std::move(reason)};
    }
    return take(remote::conclude(keeper_.state(), remote::document_of(offer), outcome, now));
}

// Whoever may publish there must not make the box talk as fast as they do: told with the next tick,
// logged once a minute.
void TwinDriver::refuse(const std::string& topic, const std::string& why) {
    ++refused_;
    last_refusal_ = topic + ": " + why;
    refusal_untold_ = true;
    around_.note_refused({refused_ + rejected_, last_refusal_});
    const SteadyTime now = clock_.steady_now();
    if (now >= complain_at_) {
        complain_at_ = now + kSameRefusal;
        log::warn("twin", "refused, nothing was touched: " + last_refusal_);
    }
}

// Something of the history is new.
void TwinDriver::over() {
    const wire::TwinAttempt& attempt = keeper_.state().history.front();
    const std::string why = attempt.reasons.empty() ? "" : ": " + attempt.reasons.front();
    const std::string text = fmt::format(
        "generation {} {}{}", attempt.version.generation, to_string(attempt.outcome), why
    );
    log::info("twin", text);
    keeper_.audit_newest();
    if (attempt.outcome == TwinOutcome::confirmed) {
        tell("config.confirmed", Severity::info, text);
    } else if (attempt.outcome == TwinOutcome::rejected) {
        ++rejected_;
        around_.note_refused({refused_ + rejected_, text});
        tell("config.rejected", Severity::warning, text);
    } else {
        tell("config.rolled_back", Severity::major, text);
    }
    report();
}

void TwinDriver::tell(const std::string& name, Severity severity, const std::string& text) const {
    Event event;
    event.name = name;
    event.severity = severity;
    event.subject = self_.node;
    event.text = text;
    around_.tell(std::move(event));
}

void TwinDriver::report() {
    if (!follows()) {
        return;
    }
    const remote::TwinState& state = keeper_.state();
    wire::Reported out;
    out.phase = state.phase;
    out.running = site_alone_ ? wire::TwinVersion() : remote::wanted(state).version;
    out.last_good = state.good.version;
    out.history = state.history;
    if (state.phase != TwinPhase::idle) {
        out.last_attempt = {
            state.candidate.version,
            TwinOutcome::none,
            state.reasons,
            clock_.wall_now(),
            state.candidate.key_id};
    } else if (!state.history.empty()) {
        out.last_attempt = state.history.front();
    }
    out.drift = keeper_.drift();
    out.groups = self_.groups;
    out.refused = refused_;
    out.last_refusal = last_refusal_;
    out.version = version();
    out.at = clock_.wall_now();
    const wire::Topics topics(self_.tenant, site_, self_.node);
    around_.retain(topics.twin_reported(), wire::encode_reported(out));
}

}  // namespace cxedge::app
