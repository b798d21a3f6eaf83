// SPDX-License-Identifier: Apache-2.0
// The twin's rules, without any I/O: whether a document may be tried, and what follows what. Each
// change gives a new state; whoever drives it writes the state to disk first and acts then
// (README.md has the table). Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/remote/signing.hpp"
#include "agent/wire/desired.hpp"
#include "agent/wire/reported.hpp"

namespace cxedge::remote {

using wire::TwinAttempt;
using wire::TwinOutcome;
using wire::TwinPhase;
using wire::TwinVersion;

// Checks of a configuration, and then starts with it on trial, the first included, before it is
// given up.
inline constexpr unsigned kMostStarts = 2;
inline constexpr std::size_t kHistory = 8;
inline constexpr std::size_t kMostDenied = 32;

struct TwinDocument {
    TwinVersion version;
    std::string config;  // TOML of the remote layer
    std::chrono::seconds trial = wire::kDefaultTrial;
    std::vector<std::string> keys;  // that hold once it is confirmed; empty: they stay
    std::string key_id;             // who signed it
    bool operator==(const TwinDocument&) const = default;
};

// What a restart must not forget.
struct TwinState {
    TwinPhase phase = TwinPhase::idle;
    std::uint64_t highest = 0;  // generation: only greater ones are looked at
    TwinDocument good;
    TwinDocument candidate;            // but when idle
    unsigned starts = 0;               // checks while staged, then starts with the candidate
    bool link_was_up = false;          // it came over it: a trial needs an acknowledgement
    std::vector<std::string> unwell;   // sources not well when it came, "spool" among them
    std::string boot;                  // the trial's boot; trial_until counts in it
    BootTime trial_until{0};           // 0: not begun
    std::vector<std::string> reasons;  // why it is rolled back; at most 16 of 300 bytes
    std::vector<TwinAttempt> history;  // newest first
    std::vector<std::string> denied;   // hashes that failed, newest first
    std::string site_hash;             // of the site's file when `good` was confirmed
    std::vector<std::string> keys;     // 32 bytes each; empty: those of [remote]
    std::string keys_instead_of;       // hash of the [remote] keys that they replaced
    bool operator==(const TwinState&) const = default;
};

// ---- whether a document may be tried ----

struct TwinSelf {
    std::string tenant;
    std::string node;
    std::vector<std::string> groups;
    std::string version;  // "1.4.0+2026..."
};

struct Offer {
    wire::Desired desired;
    std::vector<PublicKey> signers;
};

struct Verdict {
    enum class Kind {
        stage,       // try it
        same,        // nothing to change but the generation
        not_for_us,  // for another part of the group, or known already
        wait,        // not valid yet
        refuse,      // a replay, or for another box: counted, nothing is remembered
        reject,      // for this box, and no: its generation is used up
    };
    Kind kind = Kind::not_for_us;
    std::string reason;
};
// `known`: keys that hold now.
Verdict judge(const TwinState& state, const TwinSelf& self, const Offer& offer, WallTime now);
// "1.10.0" is newer than "1.9.3"; what follows the three numbers does not count.
bool older_than(std::string_view version, std::string_view wanted);
TwinDocument document_of(const Offer& offer);

// ---- what follows what ----

enum class TwinInput {
    offered,  // judge() said stage
    valid,    // the candidate loads, and every plugin accepts its settings
    invalid,
    applied,  // the configuration that the phase wants runs
    failed,   // it does not
    proven,   // the trial is over, and it is healthy
    doubted,  // the trial is over, or decided, and it is not
    started,  // the process began: again with the candidate
    spent,    // likewise, once too often: it ended each check, or each trial
};
enum class TwinAction {
    none,
    validate,
    apply,    // make the candidate run
    watch,    // begin or continue the trial
    restore,  // make the good one run
    report,   // it is over
    illegal,  // this cannot follow that: nothing changes
};
struct TwinRule {
    TwinPhase phase;
    TwinInput input;
    TwinPhase next;
    TwinAction action;
};
const std::vector<TwinRule>& twin_rules();

// The moment, and what is known at it.
struct TwinMoment {
    WallTime wall{};
    BootTime boot{};
    std::string boot_id;
    bool link_up = false;
    std::vector<std::string> unwell{};
    std::string site_hash{};             // of the site's file now
    std::string pinned_hash{};           // hash_of() the [remote] keys
    std::vector<std::string> reasons{};  // of invalid, failed, doubted
};

struct TwinStep {
    TwinState state;
    TwinAction action = TwinAction::none;
};
// `offered` needs the candidate in the state: see stage().
TwinStep advance(TwinState state, TwinInput input, const TwinMoment& moment);
TwinStep stage(TwinState state, TwinDocument document, const TwinMoment& moment);
// What the process finds when it begins.
TwinStep begin(TwinState state, const TwinMoment& moment);
// Without a trial: same content, or rejected before anything was touched. Illegal but when idle.
TwinStep conclude(
    TwinState state, const TwinDocument& document, TwinOutcome outcome, const TwinMoment& moment
);

// The remote layer that has to run in this phase.
const TwinDocument& wanted(const TwinState& state);
// Keys that hold: those of [remote] unless a document replaced exactly these.
std::vector<PublicKey> keys_in_force(const TwinState& state, const std::vector<PublicKey>& pinned);
std::string hash_of(const std::vector<PublicKey>& keys);

// ---- the trial ----

struct TrialView {
    bool sources_well = false;  // none that was well is not, none crashed
    bool storage_well = false;
    bool delivered = false;  // acknowledged on a connection made after applying
    std::string what_is_wrong;
};
// proven, doubted, or nothing yet (empty optional): a trial lasts until its end, so that what
// breaks late breaks within it.
struct TrialResult {
    bool over = false;
    bool proven = false;
    std::vector<std::string> reasons;
};
TrialResult judge_trial(const TwinState& state, const TrialView& view, BootTime now);

}  // namespace cxedge::remote
