// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/token_bucket.hpp"

#include <algorithm>
#include <cmath>

namespace cxedge::uplink {

TokenBucket::TokenBucket(std::uint64_t bytes_per_second, std::uint64_t burst)
    : rate_(static_cast<double>(bytes_per_second)),
      burst_(static_cast<double>(burst)),
      tokens_(burst_) {}

double TokenBucket::tokens(SteadyTime now) const {
    if (!at_) {
        return tokens_;
    }
    const double passed = std::chrono::duration<double>(now - *at_).count();
    return std::min(burst_, tokens_ + std::max(0.0, passed) * rate_);
}

bool TokenBucket::ready(SteadyTime now) const {
    return rate_ <= 0 || tokens(now) > 0;
}

void TokenBucket::take(std::uint64_t bytes, SteadyTime now) {
    tokens_ = tokens(now) - static_cast<double>(bytes);
    at_ = now;
}

std::optional<SteadyTime> TokenBucket::due(SteadyTime now) const {
    if (ready(now)) {
        return std::nullopt;
    }
    const auto wait = static_cast<std::int64_t>(std::ceil(-tokens(now) / rate_ * 1000)) + 1;
    return now + std::chrono::milliseconds(wait);
}

}  // namespace cxedge::uplink
