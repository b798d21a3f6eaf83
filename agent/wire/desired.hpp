// SPDX-License-Identifier: Apache-2.0
// The configuration that a node is to run, as operations sign it. Thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::wire {

inline constexpr std::chrono::seconds kDefaultTrial{120};
inline constexpr std::chrono::seconds kLongestTrial{3600};

struct Desired {
    std::string tenant;
    std::string node;   // either this ...
    std::string group;  // ... or this
    std::uint64_t generation = 0;
    std::string parent_hash;  // 32 bytes, or empty: any
    WallTime not_before{};    // 0: no bound
    WallTime not_after{};
    std::string config;  // TOML, UTF-8
    std::chrono::seconds trial = kDefaultTrial;
    std::string min_agent_version;  // empty: any
    unsigned percent = 100;         // of a group, by node_bucket(); 1 to 100
    bool retry = false;             // also where it has failed before
    std::vector<std::string> keys;  // public keys, 32 bytes each, at most 2; empty: they stay
    bool operator==(const Desired&) const = default;
};

std::string encode_desired(const Desired& desired);
// corrupt: not a Desired, or one whose fields contradict each other; the message says which.
Result<Desired> decode_desired(std::string_view body);

// 0 to 99, the same for a name everywhere and for ever: a roll-out to 10 percent reaches nodes 0
// to 9.
unsigned node_bucket(std::string_view node);

}  // namespace cxedge::wire
