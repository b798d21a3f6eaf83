// SPDX-License-Identifier: Apache-2.0
// Where a broker is, and which of its addresses answers. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace cxedge::devices {

struct BrokerAddress {
    std::string host;  // IPv6 without brackets
    std::uint16_t port = 0;
    bool tls = false;
};

// "mqtt://host[:port]" (1883) or "mqtts://host[:port]" (8883). invalid_argument says what is wrong.
Result<BrokerAddress> parse_broker(std::string_view url);

struct AnsweringAddress {
    std::string text;  // numeric
    bool ipv6 = false;
};

// Looks the name up and connects to its addresses (the first four) one after the other, 3 s each:
// blocks, so for a worker. unavailable: why none answers.
Result<AnsweringAddress> find_answering(const std::string& host, std::uint16_t port);

}  // namespace cxedge::devices
