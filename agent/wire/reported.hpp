// SPDX-License-Identifier: Apache-2.0
// Which configuration a node runs, and what became of those it was offered. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::wire {

enum class TwinPhase : std::uint8_t { idle, staged, applying, trial, rolling_back };
enum class TwinOutcome : std::uint8_t { none, confirmed, rejected, rolled_back };
std::string_view to_string(TwinPhase phase);
std::string_view to_string(TwinOutcome outcome);

struct TwinVersion {
    std::uint64_t generation = 0;  // 0: the site's file alone
    std::string hash;              // SHA-256 of the configuration; empty for generation 0
    bool operator==(const TwinVersion&) const = default;
};

struct TwinAttempt {
    TwinVersion version;
    TwinOutcome outcome = TwinOutcome::none;
    std::vector<std::string> reasons;  // "remote:2:11: spool.max_mib: 0 is less than 1"
    WallTime at{};
    std::string key_id;  // who signed it
    bool operator==(const TwinAttempt&) const = default;
};

struct Reported {
    TwinPhase phase = TwinPhase::idle;
    TwinVersion running;
    TwinVersion last_good;
    TwinAttempt last_attempt;          // while not idle: under way
    std::vector<TwinAttempt> history;  // newest first
    std::vector<std::string> drift;
    std::vector<std::string> groups;
    std::uint64_t refused = 0;
    std::string last_refusal;
    std::string version;
    WallTime at{};
    bool operator==(const Reported&) const = default;
};

// Texts are cut and cleaned so that the whole stays below 64 KiB.
std::string encode_reported(const Reported& reported);
// corrupt: not a Reported.
Result<Reported> decode_reported(std::string_view payload);

}  // namespace cxedge::wire
