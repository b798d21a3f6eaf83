// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/backoff.hpp"

#include <algorithm>

namespace cxedge::uplink {

Backoff::Backoff(Milliseconds min, Milliseconds max, std::uint64_t seed)
    : min_(min), max_(std::max(min, max)), previous_(min), random_(seed) {}

Backoff::Milliseconds Backoff::next() {
    const Milliseconds upper = std::clamp(previous_ * 3, min_, max_);
    std::uniform_int_distribution<std::int64_t> pick(min_.count(), upper.count());
    previous_ = Milliseconds(pick(random_));
    return previous_;
}

}  // namespace cxedge::uplink
