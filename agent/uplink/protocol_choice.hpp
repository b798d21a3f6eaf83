// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "agent/base/clock.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::uplink {

// Which MQTT to speak to one endpoint: 5.0, or 3.1.1 where the broker says that it cannot, or
// closes on CONNECT twice in a row. 3.1.1 sticks for an hour once it worked, then 5.0 is tried
// again. Thread: one.
class ProtocolChoice {
public:
    static constexpr std::chrono::hours kStick{1};
    static constexpr unsigned kCloses = 2;

    [[nodiscard]] Protocol current(SteadyTime now) const;
    void connected(SteadyTime now);
    void lost(const Loss& loss, SteadyTime now);
    // Another endpoint.
    void forget() { *this = ProtocolChoice(); }

private:
    bool old_ = false;  // 3.1.1
    unsigned closes_ = 0;
    SteadyTime until_ = SteadyTime::max();
};

}  // namespace cxedge::uplink
