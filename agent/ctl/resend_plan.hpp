// SPDX-License-Identifier: Apache-2.0
// When to ask a node to send again. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "agent/base/clock.hpp"
#include "agent/ctl/lane_account.hpp"
#include "agent/wire/request.hpp"

namespace cxedge::ctl {

// last_seq of "and everything after it"; its successor is still a number that SQLite can hold.
inline constexpr std::uint64_t kNoEnd =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - 1;

class ResendPlan {
public:
    // How long a hole may stay before it is asked for: brokers do not keep the order across topics.
    static constexpr std::chrono::seconds kPatience{10};
    static constexpr std::chrono::seconds kAskAgain{30};

    // The request that is due for a lane whose node is online. Call about once a second.
    std::optional<wire::Resend> due(const LaneKey& key, const SeqWindow& window, SteadyTime now);

private:
    struct Hole {
        std::uint64_t first = 0;
        SteadyTime ask_at;
    };
    std::map<LaneKey, Hole> holes_;  // the first of each lane
};

}  // namespace cxedge::ctl
