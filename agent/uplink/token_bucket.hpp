// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "agent/base/clock.hpp"

namespace cxedge::uplink {

// Bytes that may be sent: `rate` a second, and `burst` at once after a pause. One packet may go
// into debt, which the next ones pay, so that the rate holds for packets of any size. Thread: one.
class TokenBucket {
public:
    // rate 0: no limit.
    TokenBucket(std::uint64_t bytes_per_second, std::uint64_t burst);

    [[nodiscard]] bool ready(SteadyTime now) const;
    void take(std::uint64_t bytes, SteadyTime now);
    // When ready() will be true; empty when it is.
    [[nodiscard]] std::optional<SteadyTime> due(SteadyTime now) const;

private:
    [[nodiscard]] double tokens(SteadyTime now) const;

    double rate_;
    double burst_;
    double tokens_;
    std::optional<SteadyTime> at_;  // of tokens_
};

}  // namespace cxedge::uplink
