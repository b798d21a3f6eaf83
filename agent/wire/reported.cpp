// SPDX-License-Identifier: Apache-2.0
#include "agent/wire/reported.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "agent/wire/text.hpp"

#include "remote.pb.h"

namespace cxedge::wire {
namespace {

using Message = cx::v1::Reported;

constexpr std::size_t kMaxReportedBytes = std::size_t{64} * 1024;
// Together with their numbers these keep a message below kMaxReportedBytes.
constexpr std::size_t kMaxHistory = 8;
constexpr int kMaxTexts = 16;
constexpr std::size_t kMaxTextBytes = 300;

template <class Texts>
void put_texts(const std::vector<std::string>& from, Texts* to) {
    for (const std::string& text : from) {
        if (to->size() < kMaxTexts) {
            *to->Add() = clean_utf8(text, kMaxTextBytes);
        }
    }
}

void put(const TwinVersion& from, Message::Running* to) {
    to->set_generation(from.generation);
    to->set_hash(from.hash);
}

void put(const TwinAttempt& from, Message::Attempt* to) {
    to->set_generation(from.version.generation);
    to->set_hash(from.version.hash);
    to->set_outcome(static_cast<Message::Attempt::Outcome>(from.outcome));
    put_texts(from.reasons, to->mutable_reason());
    to->set_at_ms(unix_ms(from.at));
    to->set_key_id(from.key_id);
}

TwinVersion version_of(const Message::Running& from) {
    return {from.generation(), from.hash()};
}

TwinAttempt attempt_of(const Message::Attempt& from) {
    TwinAttempt out;
    out.version = {from.generation(), from.hash()};
    out.outcome = Message::Attempt::Outcome_IsValid(from.outcome())
                      ? static_cast<TwinOutcome>(from.outcome())
                      : TwinOutcome::none;
    out.reasons.assign(from.reason().begin(), from.reason().end());
    out.at = from_unix_ms(from.at_ms());
    out.key_id = from.key_id();
    return out;
}

}  // namespace

std::string_view to_string(TwinPhase phase) {
    switch (phase) {
        case TwinPhase::idle:
            return "idle";
        case TwinPhase::staged:
            return "staged";
        case TwinPhase::applying:
            return "applying";
        case TwinPhase::trial:
            return "trial";
        case TwinPhase::rolling_back:
            break;
    }
    return "rolling back";
}

std::string_view to_string(TwinOutcome outcome) {
    switch (outcome) {
        case TwinOutcome::none:
            return "none";
        case TwinOutcome::confirmed:
            return "confirmed";
        case TwinOutcome::rejected:
            return "rejected";
        case TwinOutcome::rolled_back:
            break;
    }
    return "rolled back";
}

std::string encode_reported(const Reported& reported) {
    Message out;
    out.set_phase(static_cast<Message::Phase>(reported.phase));
    put(reported.running, out.mutable_running());
    put(reported.last_good, out.mutable_last_good());
    put(reported.last_attempt, out.mutable_last_attempt());
    for (std::size_t i = 0; i < std::min(reported.history.size(), kMaxHistory); ++i) {
        put(reported.history[i], out.add_history());
    }
    put_texts(reported.drift, out.mutable_drift());
    put_texts(reported.groups, out.mutable_group());
    out.set_refused(reported.refused);
    out.set_last_refusal(clean_utf8(reported.last_refusal, kMaxTextBytes));
    out.set_version(clean_utf8(reported.version));
    out.set_at_ms(unix_ms(reported.at));
    return out.SerializeAsString();
}

Result<Reported> decode_reported(std::string_view payload) {
    Message in;
    if (payload.size() > kMaxReportedBytes ||
        !in.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
        return corrupt(fmt::format("reported: {} bytes are not a Reported", payload.size()));
    }
    Reported out;
    out.phase =
        Message::Phase_IsValid(in.phase()) ? static_cast<TwinPhase>(in.phase()) : TwinPhase::idle;
    out.running = version_of(in.running());
    out.last_good = version_of(in.last_good());
    out.last_attempt = attempt_of(in.last_attempt());
    for (const Message::Attempt& attempt : in.history()) {
        out.history.push_back(attempt_of(attempt));
    }
    out.drift.assign(in.drift().begin(), in.drift().end());
    out.groups.assign(in.group().begin(), in.group().end());
    out.refused = in.refused();
    out.last_refusal = in.last_refusal();
    out.version = in.version();
    out.at = from_unix_ms(in.at_ms());
    return out;
}

}  // namespace cxedge::wire
