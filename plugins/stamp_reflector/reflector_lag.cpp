// SPDX-License-Identifier: Apache-2.0
#include "plugins/stamp_reflector/reflector_lag.hpp"

#include <algorithm>

namespace cxedge::plugins {

void ReflectorLag::began(std::uint32_t id, std::int64_t realtime_ns) {
    waiting_[id % kWaiting] = {id, realtime_ns};
}

void ReflectorLag::sent(std::uint32_t id, const probes::PacketTime& time) {
    Began& began = waiting_[id % kWaiting];
    const std::int64_t lag = time.realtime_ns - began.realtime_ns;
    if (began.realtime_ns != 0 && began.id == id && time.from_kernel && lag >= 0 &&
        lag <= kLongest) {
        lags_[count_++ % kKept] = lag;
    }
    began = {};
}

std::int64_t ReflectorLag::expected() const {
    // The first packets of a process take longer than all others.
    if (count_ < kKept) {
        return 0;
    }
    auto sorted = lags_;
    constexpr std::size_t kMiddle = kKept / 2;
    std::nth_element(sorted.begin(), sorted.begin() + kMiddle, sorted.end());
    return sorted[kMiddle];
}

}  // namespace cxedge::plugins
