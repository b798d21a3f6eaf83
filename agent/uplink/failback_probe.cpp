// SPDX-License-Identifier: Apache-2.0
#include "agent/uplink/failback_probe.hpp"

#include <utility>

#include "agent/uplink/reason_code.hpp"

namespace cxedge::uplink {

void FailbackProbe::begin(BrokerOptions options) {
    options.client_id += "-probe";
    options.will_topic.clear();
    options.will_payload.clear();
    options.session_expiry_s = 0;
    const Status begun = scout_.connect(options, *this);
    outcome_ = begun ? Outcome::pending : Outcome::fails;
}

FailbackProbe::Outcome FailbackProbe::step() {
    if (outcome_ == Outcome::pending) {
        scout_.poll(std::chrono::milliseconds(0));
    }
    if (outcome_ == Outcome::works) {
        scout_.disconnect();
    }
    return outcome_ == Outcome::pending ? outcome_ : std::exchange(outcome_, Outcome::idle);
}

// Who only refuses MQTT 5.0 would take 3.1.1.
void FailbackProbe::on_disconnected(const std::string& /*why*/) {
    const bool other_protocol = scout_.last_loss().reason == reasons::kUnsupportedVersion;
    outcome_ = other_protocol ? Outcome::works : Outcome::fails;
}

void FailbackProbe::cancel() {
    scout_.drop();
    outcome_ = Outcome::idle;
}

}  // namespace cxedge::uplink
