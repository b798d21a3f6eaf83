// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace cxedge::uplink {

// From here on a reason code of MQTT 5.0 is a refusal (section 2.4).
inline constexpr std::uint8_t kFirstRefusal = 0x80;

// For people: "not authorised (0x87)".
std::string describe_reason(std::uint8_t code);

}  // namespace cxedge::uplink
