// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/protocol_choice.hpp"

#include "agent/uplink/reason_code.hpp"

namespace cxedge::uplink {
std::string_view to_string(Protocol protocol) {
    return protocol == Protocol::v5 ? "MQTT 5.0" : "MQTT 3.1.1";
}

Protocol ProtocolChoice::current(SteadyTime now) const {
    return old_ && now < until_ ? Protocol::v311 : Protocol::v5;
}

void ProtocolChoice::connected(SteadyTime now) {
    closes_ = 0;
    if (current(now) == Protocol::v5) {
        old_ = false;
    } else if (until_ == SteadyTime::max()) {
        until_ = now + kStick;
    }
}

void ProtocolChoice::lost(const Loss& loss, SteadyTime now) {
    if (loss.reached != Reached::server) {
        return;
    }
    if (current(now) == Protocol::v311) {
        forget();  // that was not the reason
        return;
    }
    closes_ = loss.closed ? closes_ + 1 : 0;
    if (loss.reason == reasons::kUnsupportedVersion || closes_ >= kCloses) {
        forget();
        old_ = true;
    }
}

}  // namespace cxedge::uplink
