// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/ctl/doctor/finding.hpp"
#include "agent/uplink/broker.hpp"

namespace cxedge::ctl {

// Connects once as the agent would (name, TCP, TLS, CONNECT; MQTT 3.1.1 where 5.0 is refused) and
// says goodbye. `url` is for people. `options.client_id` must not be the agent's: the broker would
// throw the running one out. Blocks for options.connect_timeout at most (twice that for an old
// broker).
Finding check_broker(const std::string& url, uplink::BrokerOptions options, uplink::Broker& broker);

}  // namespace cxedge::ctl
