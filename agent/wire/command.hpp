// SPDX-License-Identifier: Apache-2.0
// What operations ask a node to do once, as the body of a signed envelope. Thread: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/clock.hpp"
#include "agent/base/result.hpp"

namespace cxedge::wire {

inline constexpr std::size_t kMaxCommandBytes = 16U << 10U;
inline constexpr std::size_t kMaxCommandArgs = 16;
inline constexpr std::size_t kMaxCommandArgBytes = 1024;
// As long as ids are remembered: what is older than that has expired.
inline constexpr std::chrono::hours kMaxCommandTtl{7 * 24};
inline constexpr std::chrono::seconds kMaxCommandRun{3600};

struct Command {
    std::string tenant;
    std::string site;
    std::string node;
    std::string id;  // ULID
    WallTime issued_at{};
    std::chrono::seconds ttl{300};
    std::chrono::seconds max_run{60};
    std::string op;  // a name: lower case letters and _
    std::map<std::string, std::string> args;
    bool operator==(const Command&) const = default;
};

// 48 bits of milliseconds and 80 random ones: https://github.com/ulid/spec.
std::string make_ulid(WallTime now);
bool valid_ulid(std::string_view text);

std::string encode_command(const Command& command);
// exhausted: larger than kMaxCommandBytes; corrupt: says what is wrong.
Result<Command> decode_command(std::string_view body);

}  // namespace cxedge::wire
